import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdk from "@aws-sdk/client-s3";
import { HeaderView } from "../../auth/headers.ts";
import { readRequest } from "../../auth/raw-request.ts";
import { ServiceError } from "../../base/errors.ts";
import { addressOf } from "./address.ts";
import { OPERATIONS, ROUTER } from "./index.ts";

function route(method: string, target: string, headers: readonly string[] = []): string {
  const raw = readRequest(method, target, HeaderView.fromRaw(["Host", "s3.test", ...headers]), false);
  const address = addressOf(raw.path, "s3.test", []);
  try {
    return ROUTER.match(method, address.target, raw.query, raw.headers).name;
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
    throw error;
  }
}

/** METHOD /path?query => Operation, or the error's code. */
const TABLE = `
GET / => ListBuckets
GET /?x-id=ListBuckets&max-buckets=3 => ListBuckets
PUT /bucket => CreateBucket
PUT /bucket/ => CreateBucket
HEAD /bucket => HeadBucket
DELETE /bucket => DeleteBucket
GET /bucket?location => GetBucketLocation
GET /bucket?encryption => GetBucketEncryption
PUT /bucket?encryption => PutBucketEncryption
DELETE /bucket?encryption => DeleteBucketEncryption
GET /bucket?versioning => GetBucketVersioning
PUT /bucket?versioning => PutBucketVersioning
DELETE /bucket?versioning => MethodNotAllowed
GET /bucket?policy => GetBucketPolicy
PUT /bucket?policy= => PutBucketPolicy
DELETE /bucket?policy => DeleteBucketPolicy
GET /bucket?policyStatus => GetBucketPolicyStatus
GET /bucket?tagging => GetBucketTagging
PUT /bucket?tagging => PutBucketTagging
DELETE /bucket?tagging => DeleteBucketTagging
GET /bucket?acl => GetBucketAcl
PUT /bucket?acl => PutBucketAcl
GET /bucket => ListObjects
GET /bucket?prefix=a&marker=b => ListObjects
GET /bucket?list-type=2 => ListObjectsV2
GET /bucket?prefix=a&list-type=2&x-id=ListObjectsV2 => ListObjectsV2
GET /bucket?list-type=3 => InvalidArgument
GET /bucket?list-type => InvalidArgument
GET /bucket?versions => ListObjectVersions
GET /bucket?uploads => ListMultipartUploads
POST /bucket?delete => DeleteObjects
POST /bucket => PostObject
GET /bucket?cors => GetBucketCors
DELETE /bucket?cors => DeleteBucketCors
GET /bucket?lifecycle => GetBucketLifecycleConfiguration
GET /bucket?object-lock => GetObjectLockConfiguration
GET /bucket?publicAccessBlock => GetPublicAccessBlock
GET /bucket?inventory => ListBucketInventoryConfigurations
GET /bucket?inventory&id=x => GetBucketInventoryConfiguration
GET /bucket?acl&policy => InvalidArgument
GET /bucket/key => GetObject
GET /bucket/key?versionId=v&partNumber=2 => GetObject
GET /bucket/key?x-id=GetObject&response-content-type=text/plain => GetObject
GET /bucket//key => GetObject
GET /bucket/a/../b => GetObject
GET /bucket/%2F => GetObject
HEAD /bucket/key => HeadObject
PUT /bucket/key => PutObject
DELETE /bucket/key => DeleteObject
DELETE /bucket/key?versionId=v => DeleteObject
DELETE /bucket/key?acl => MethodNotAllowed
POST /bucket/key => MethodNotAllowed
PATCH /bucket/key => MethodNotAllowed
GET /bucket/key?attributes => GetObjectAttributes
GET /bucket/key?tagging => GetObjectTagging
PUT /bucket/key?tagging => PutObjectTagging
DELETE /bucket/key?tagging => DeleteObjectTagging
GET /bucket/key?acl => GetObjectAcl
PUT /bucket/key?acl => PutObjectAcl
PUT /bucket/key?encryption => UpdateObjectEncryption
PUT /bucket/key?encryption&versionId=v => UpdateObjectEncryption
PUT /bucket/key?renameObject => RenameObject
POST /bucket/key?uploads => CreateMultipartUpload
PUT /bucket/key?partNumber=1&uploadId=u => UploadPart
POST /bucket/key?uploadId=u => CompleteMultipartUpload
DELETE /bucket/key?uploadId=u => AbortMultipartUpload
GET /bucket/key?uploadId=u => ListParts
POST /bucket/key?select&select-type=2 => SelectObjectContent
POST /bucket/key?restore => RestoreObject
GET /bucket/key?torrent => GetObjectTorrent
GET /bucket/key?legal-hold => GetObjectLegalHold
GET /bucket/key?retention => GetObjectRetention
PUT / => MethodNotAllowed
PUT /Bad_Bucket/key => InvalidBucketName`;

test("each example URL has one operation", () => {
  for (const line of TABLE.trim().split("\n")) {
    const [, method = "", target = "", expected = ""] = /^(\S+) (\S+) => (\S+)$/.exec(line) ?? [];
    let actual: string;
    try {
      actual = route(method, target);
    } catch (error) {
      actual = error instanceof ServiceError ? error.code : String(error);
    }
    assert.equal(actual, expected, line);
  }
});

test("a copy source makes a put a copy", () => {
  const header = ["x-amz-copy-source", "b/k"];
  assert.equal(route("PUT", "/bucket/key", header), "CopyObject");
  assert.equal(route("PUT", "/bucket/key?partNumber=1&uploadId=u", header), "UploadPartCopy");
});

test("names are unique and each route belongs to one operation", () => {
  const names = OPERATIONS.map((op) => op.name);
  assert.equal(new Set(names).size, names.length);
  const routes = OPERATIONS.map(({ route: r }) => JSON.stringify([r.method, r.target, r.query, r.header]));
  assert.equal(new Set(routes).size, routes.length);
});

interface Modelled {
  readonly name: string;
  readonly method: string;
  readonly uri: string;
}

/** The SDK's schemas of operations: [9, namespace, name, { http: [method, uri, status] }, …]. */
function modelled(): readonly Modelled[] {
  const found: Modelled[] = [];
  for (const schema of Object.values<unknown>(sdk)) {
    if (!Array.isArray(schema) || schema[0] !== 9 || ELSEWHERE.has(schema[2])) continue;
    const [method, uri] = schema[3].http;
    found.push({ name: schema[2], method, uri });
  }
  return found;
}

/** Operations of the SDK that belong to other services' endpoints or to directory buckets without a route of their own. */
const ELSEWHERE = new Set(["WriteGetObjectResponse", "ListDirectoryBuckets"]);

test("every operation of the official model has a route here", () => {
  const known = new Set(OPERATIONS.map((op) => op.name));
  assert.ok(modelled().length > 100);
  for (const { name, method, uri } of modelled()) {
    assert.ok(known.has(name), `${name} (${method} ${uri}) is not known`);
  }
});

test("the routes of the official model lead to the operations of the same name", () => {
  const headers: Record<string, string[]> = {
    CopyObject: ["x-amz-copy-source", "b/k"],
    UploadPartCopy: ["x-amz-copy-source", "b/k"],
  };
  const parameters: Record<string, string> = {
    UploadPart: "partNumber=1&uploadId=u",
    UploadPartCopy: "partNumber=1&uploadId=u",
    CompleteMultipartUpload: "uploadId=u",
    AbortMultipartUpload: "uploadId=u",
    ListParts: "uploadId=u",
    GetObjectAnnotation: "annotationName=n",
  };
  for (const { name, method, uri } of modelled()) {
    const withId = /^Get.*(Analytics|Inventory|Metrics|IntelligentTiering)Configuration$/.test(name);
    const extra = withId ? "id=x" : parameters[name];
    const service = name === "ListBuckets";
    let target = `${service ? "" : "/bucket"}${uri.replace("{Key+}", "key")}`;
    if (extra !== undefined) target += `${target.includes("?") ? "&" : "?"}${extra}`;
    assert.equal(route(method, target, headers[name] ?? []), name, `${method} ${target}`);
  }
});
