/** A bucket's settings: what was put comes back, and stays; what nobody set; what this store does not have, by name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  HeadBucketCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { call, type Headers } from "./call.ts";
import { putRaw } from "./encryption/buckets.ts";
import { Case } from "./encryption/row.ts";
import { bare, ok, refused } from "./expect.ts";
import { md5 } from "./wire.ts";
import { CMK1, startWorld } from "./world.ts";

const world = await startWorld();
const { s3 } = world;
const Bucket = await world.bucket();
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const send = (method: string, path: string, body?: string, headers: Headers = {}) =>
  world.wire.send({
    method,
    path,
    headers: { ...(body === undefined ? {} : { "content-md5": md5(body) }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';

test("put, get, get again: encryption, versioning, tags, policy", async () => {
  const rules = `<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>${CMK1}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled><BlockedEncryptionTypes><EncryptionType>NONE</EncryptionType></BlockedEncryptionTypes></Rule>`;
  const documents = {
    encryption: `<ServerSideEncryptionConfiguration ${NAMESPACE}>${rules}</ServerSideEncryptionConfiguration>`,
    versioning: `<VersioningConfiguration ${NAMESPACE}><Status>Enabled</Status></VersioningConfiguration>`,
    tagging:
      `<Tagging ${NAMESPACE}><TagSet><Tag><Key>b</Key><Value>ü &amp; &lt;</Value></Tag><Tag><Key>a</Key><Value></Value></Tag></TagSet></Tagging>`.replace(
        " &amp; &lt;",
        "",
      ),
  };
  for (const [name, document] of Object.entries(documents)) {
    const put = await send("PUT", `/${Bucket}?${name}`, document);
    assert.ok([200, 204].includes(put.status), `${name}: ${put.text}`);
    const first = ok(await send("GET", `/${Bucket}?${name}`));
    assert.equal(first.text, XML + document, name);
    assert.equal(ok(await send("GET", `/${Bucket}?${name}`)).text, first.text, name);
  }
  const statement = {
    Sid: "ü",
    Effect: "Allow",
    Principal: { AWS: "*" },
    Action: ["s3:GetObject"],
    Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
  };
  const policy = `${JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, Resource: `arn:aws:s3:::${Bucket}/*` }] }, null, 3)}\n`;
  ok(await send("PUT", `/${Bucket}?policy`, policy), 204);
  for (let i = 0; i < 2; i++) assert.equal((await send("GET", `/${Bucket}?policy`)).text, policy);
  ok(await send("DELETE", `/${Bucket}?policy`), 204);
  refused(await send("GET", `/${Bucket}?policy`), 404, "NoSuchBucketPolicy");
  ok(await send("DELETE", `/${Bucket}?policy`), 204);
});

test("a new bucket's block is absent until it is set (without --block-ssec-on-new-buckets)", async () => {
  const bucket = await world.bucket();
  const show = async () => (await send("GET", `/${bucket}?encryption`)).text;
  assert.ok(!(await show()).includes("BlockedEncryptionTypes"));
  const c = new Case(world, bucket, "k");
  for (const type of ["SSE-C", "NONE"] as const) {
    ok(
      await putRaw(
        c,
        `<Rule><BlockedEncryptionTypes><EncryptionType>${type}</EncryptionType></BlockedEncryptionTypes></Rule>`,
      ),
    );
    assert.ok((await show()).includes(`<EncryptionType>${type}</EncryptionType>`));
  }
});

test("settings that are malformed", async () => {
  const bad = (root: string, inner: string) => `<${root} ${NAMESPACE}>${inner}</${root}>`;
  for (const [name, body] of [
    ["encryption", bad("ServerSideEncryptionConfiguration", "<Rule></Rule>")],
    ["encryption", bad("Tagging", "<TagSet/>")],
    ["versioning", bad("VersioningConfiguration", "<Status>Perhaps</Status>")],
    ["tagging", bad("Tagging", "<Tag/>")],
    ["tagging", "<Tagging"],
    ["tagging", `<!DOCTYPE a [<!ENTITY x "y">]>${bad("Tagging", "<TagSet/>")}`],
  ] as const) {
    const answer = await send("PUT", `/${Bucket}?${name}`, body);
    assert.equal(answer.status, 400, `${name}: ${answer.text}`);
    assert.ok(["MalformedXML", "IllegalVersioningConfigurationException"].includes(answer.code ?? ""));
  }
  for (const policy of ["{}", "no json", '{"Version":"2012-10-17","Statement":[]}', ""]) {
    const answer = await send("PUT", `/${Bucket}?policy`, policy);
    assert.equal(answer.status, 400, `${policy}: ${answer.text}`);
  }
  const elsewhere = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::other/*" },
    ],
  });
  refused(await send("PUT", `/${Bucket}?policy`, elsewhere), 400, "MalformedPolicy");
});

test("what nobody set answers as on AWS", async () => {
  for (const [name, status, code] of [
    ["cors", 404, "NoSuchCORSConfiguration"],
    ["lifecycle", 404, "NoSuchLifecycleConfiguration"],
    ["website", 404, "NoSuchWebsiteConfiguration"],
    ["replication", 404, "ReplicationConfigurationNotFoundError"],
    ["object-lock", 404, "ObjectLockConfigurationNotFoundError"],
  ] as const) {
    refused(await send("GET", `/${Bucket}?${name}`), status, code);
  }
  for (const [name, inner] of [
    ["logging", "<BucketLoggingStatus"],
    ["accelerate", "<AccelerateConfiguration"],
    ["notification", "<NotificationConfiguration"],
    ["requestPayment", "<Payer>BucketOwner</Payer>"],
    ["acl", "<Permission>FULL_CONTROL</Permission>"],
    ["ownershipControls", "BucketOwnerEnforced"],
    ["publicAccessBlock", "<RestrictPublicBuckets>true</RestrictPublicBuckets>"],
  ] as const) {
    assert.ok(ok(await send("GET", `/${Bucket}?${name}`)).text.includes(inner), name);
  }
  ok(await call(s3, new PutObjectCommand({ Bucket, Key: "o", Body: "x" })));
  assert.ok(ok(await send("GET", `/${Bucket}/o?acl`)).text.includes("FULL_CONTROL"));
});

test("what this store does not have says so by name", async () => {
  for (const [method, path, name] of [
    ["PUT", `/${Bucket}?lifecycle`, "PutBucketLifecycleConfiguration"],
    ["PUT", `/${Bucket}?website`, "PutBucketWebsite"],
    ["PUT", `/${Bucket}?replication`, "PutBucketReplication"],
    ["PUT", `/${Bucket}?object-lock`, "PutObjectLockConfiguration"],
    ["PUT", `/${Bucket}?acl`, "PutBucketAcl"],
    ["PUT", `/${Bucket}/o?acl`, "PutObjectAcl"],
    ["PUT", `/${Bucket}/o?legal-hold`, "PutObjectLegalHold"],
    ["POST", `/${Bucket}/o?restore`, "RestoreObject"],
    ["POST", `/${Bucket}/o?select&select-type=2`, "SelectObjectContent"],
    ["PUT", `/${Bucket}/o?renameObject`, "RenameObject"],
    ["GET", `/${Bucket}?inventory&id=x`, "GetBucketInventoryConfiguration"],
  ] as const) {
    refused(await send(method, path, method === "GET" ? undefined : "<x/>"), 501, "NotImplemented", {
      message: name,
    });
  }
});

test("headers that this store would not honour", async () => {
  const put = (headers: Headers) => call(s3, new PutObjectCommand({ Bucket, Key: "h", Body: "x" }), headers);
  ok(await put({ "x-amz-acl": "private" }));
  ok(await put({ "x-amz-acl": "bucket-owner-full-control", "x-amz-storage-class": "STANDARD" }));
  refused(await put({ "x-amz-acl": "public-read" }), 400, "AccessControlListNotSupported");
  refused(await put({ "x-amz-grant-read": "id=1" }), 400, "AccessControlListNotSupported");
  refused(await put({ "x-amz-storage-class": "GLACIER" }), 400, "InvalidStorageClass");
  refused(await put({ "x-amz-object-lock-mode": "GOVERNANCE" }), 400, "InvalidRequest");
});

test("names, locations, owners; a bucket that is not empty", async () => {
  const create = (name: string) => call(s3, new CreateBucketCommand({ Bucket: name }));
  for (const name of [
    "ab",
    "UPPER",
    "a..b",
    "a.-b",
    "a-.b",
    "-a-",
    "192.168.5.4",
    "xn--a",
    "a_b",
    "a".repeat(64),
  ]) {
    const answer = await world.wire.send({ method: "PUT", path: `/${name}` });
    refused(answer, 400, "InvalidBucketName");
  }
  ok(await create("made.here"));
  ok(await create("made.here"));
  refused(
    await call(world.other, new CreateBucketCommand({ Bucket: "made.here" })),
    409,
    "BucketAlreadyExists",
  );
  const location = ok(await call(s3, new GetBucketLocationCommand({ Bucket: "made.here" })));
  assert.equal(location.output?.LocationConstraint, undefined);
  const head = ok(await call(s3, new HeadBucketCommand({ Bucket: "made.here" })));
  assert.equal(head.headers["x-amz-bucket-region"], "us-east-1");
  bare(await call(s3, new HeadBucketCommand({ Bucket: "no-such-bucket" })), 404);
  bare(await call(world.other, new HeadBucketCommand({ Bucket: "made.here" })), 403);
  const expected = { "x-amz-expected-bucket-owner": "111111111111" };
  bare(await call(s3, new HeadBucketCommand({ Bucket: "made.here" }), expected), 403);
  refused(await call(s3, new DeleteBucketCommand({ Bucket }), expected), 403, "AccessDenied");
  // Seen on S3: localstack's recorded test test_get_bucket_policy_invalid_account_id.
  for (const value of ["0000", "0000000000020", "abcd", "aa000000000$"])
    refused(
      await call(s3, new DeleteBucketCommand({ Bucket }), { "x-amz-expected-bucket-owner": value }),
      400,
      "InvalidBucketOwnerAWSAccountID",
      {
        Message: `The value of the expected bucket owner parameter must be an AWS Account ID... [${value}]`,
      },
    );
  refused(await call(s3, new DeleteBucketCommand({ Bucket })), 409, "BucketNotEmpty");
  // Seen on S3: localstack's recorded tests test_delete_bucket_with_objects and test_delete_versioned_bucket_with_objects.
  const text = "The bucket you tried to delete is not empty";
  const Plain = await world.bucket();
  await s3.send(new PutObjectCommand({ Bucket: Plain, Key: "k", Body: "x" }));
  const unversioned = await call(s3, new DeleteBucketCommand({ Bucket: Plain }));
  refused(unversioned, 409, "BucketNotEmpty");
  assert.equal(unversioned.message, text);
  const Marked = await world.bucket("Enabled");
  await s3.send(new DeleteObjectCommand({ Bucket: Marked, Key: "k" }));
  const versioned = await call(s3, new DeleteBucketCommand({ Bucket: Marked }));
  refused(versioned, 409, "BucketNotEmpty");
  assert.equal(versioned.message, `${text}. You must delete all versions in the bucket.`);
  ok(await call(s3, new DeleteBucketCommand({ Bucket: "made.here" })), 204);
  refused(await call(s3, new DeleteBucketCommand({ Bucket: "made.here" })), 404, "NoSuchBucket");
});

test("a bucket goes with its open uploads", async () => {
  const { CreateMultipartUploadCommand, ListMultipartUploadsCommand, UploadPartCommand } = await import(
    "@aws-sdk/client-s3"
  );
  const bucket = await world.bucket();
  const at = { Bucket: bucket, Key: "k" };
  const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand(at));
  await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: "hello" }));
  ok(await call(s3, new DeleteBucketCommand({ Bucket: bucket })), 204);
  ok(await call(s3, new CreateBucketCommand({ Bucket: bucket })));
  const listed = ok(await call(s3, new ListMultipartUploadsCommand({ Bucket: bucket })));
  assert.equal(listed.output?.Uploads, undefined);
});
