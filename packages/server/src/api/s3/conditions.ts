/**
 * Condition values of a request (spec access 9, s3-encryption I): raw header values, before anything is validated, so
 * that a policy's denial wins over a bad value. A key that the request does not carry is absent; defaults of the bucket
 * never appear. Global keys (aws:*) that follow from the caller alone are the authoriser's to add.
 */
import type { ConditionValues } from "../../base/access.ts";
import type { UploadAccess } from "../../objects/api.ts";
import { LazyConditions } from "./lazy-conditions.ts";
import { parseTagHeaderQuietly } from "./read/tags.ts";
import type { S3Request } from "./request.ts";

/** Header to condition key, the plain ones. */
const FROM_HEADER: ReadonlyMap<string, string> = new Map([
  ["x-amz-server-side-encryption-customer-algorithm", "s3:x-amz-server-side-encryption-customer-algorithm"],
  ["x-amz-copy-source", "s3:x-amz-copy-source"],
  ["x-amz-metadata-directive", "s3:x-amz-metadata-directive"],
  ["x-amz-storage-class", "s3:x-amz-storage-class"],
  ["x-amz-acl", "s3:x-amz-acl"],
  ["x-amz-grant-read", "s3:x-amz-grant-read"],
  ["x-amz-grant-write", "s3:x-amz-grant-write"],
  ["x-amz-grant-read-acp", "s3:x-amz-grant-read-acp"],
  ["x-amz-grant-write-acp", "s3:x-amz-grant-write-acp"],
  ["x-amz-grant-full-control", "s3:x-amz-grant-full-control"],
  ["x-amz-object-lock-mode", "s3:object-lock-mode"],
  ["x-amz-object-lock-retain-until-date", "s3:object-lock-retain-until-date"],
  ["x-amz-object-lock-legal-hold", "s3:object-lock-legal-hold"],
  ["if-match", "s3:if-match"],
  ["if-none-match", "s3:if-none-match"],
  ["referer", "aws:referer"],
]);
const FROM_QUERY: readonly (readonly [parameter: string, key: string])[] = [
  ["prefix", "s3:prefix"],
  ["delimiter", "s3:delimiter"],
  ["max-keys", "s3:max-keys"],
  ["versionId", "s3:versionid"],
];
const SSE = "x-amz-server-side-encryption";
const KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id";
const CREATES_OBJECT = new Map([
  ["PutObject", "true"],
  ["PostObject", "true"],
  ["CopyObject", "true"],
  ["CompleteMultipartUpload", "true"],
  ["CreateMultipartUpload", "false"],
  ["UploadPart", "false"],
  ["UploadPartCopy", "false"],
]);

/**
 * The values are put together when a decision first looks at them: most requests are decided by ownership alone. Only
 * naming a KMS key takes a question to somebody else, and is asked here.
 */
export function conditionsOf(req: S3Request): ConditionValues | Promise<ConditionValues> {
  const { sse, keyId } = encryptionOf(req);
  const namesKey = keyId !== undefined || sse === "aws:kms" || sse === "aws:kms:dsse";
  if (!namesKey) return new LazyConditions(() => build(req, undefined));
  return keyArnOf(req, keyId).then((arn) => build(req, arn));
}

function build(req: S3Request, kmsKeyArn: string | undefined): ConditionValues {
  const { caller, headers, query, signing } = req;
  const values = new Map<string, string | readonly string[]>([
    ["aws:securetransport", String(caller.secureTransport)],
    ["aws:sourceip", caller.sourceIp],
  ]);
  const add = (key: string, value: string | undefined): void => {
    if (value !== undefined) values.set(key, value);
  };
  if (caller.authType !== "none") values.set("s3:authtype", caller.authType);
  if (caller.signature !== "none") values.set("s3:signatureversion", caller.signature);
  add("aws:useragent", caller.userAgent);
  add("s3:tlsversion", caller.tlsVersion);
  add("s3:x-amz-content-sha256", signing.contentSha256);
  if (signing.presigned && signing.signatureAgeMs !== undefined) {
    values.set("s3:signatureage", String(signing.signatureAgeMs));
  }
  for (const [name, value] of headers.entries()) {
    const key = FROM_HEADER.get(name);
    if (key !== undefined) values.set(key, value);
  }
  if (query.size > 0) for (const [parameter, key] of FROM_QUERY) add(key, query.get(parameter));
  add("s3:objectcreationoperation", CREATES_OBJECT.get(req.exchange.operation));
  addTags(values, headers.find("x-amz-tagging"));
  add("s3:x-amz-server-side-encryption", encryptionOf(req).sse);
  add("s3:x-amz-server-side-encryption-aws-kms-key-id", kmsKeyArn);
  return values;
}

/** Of the upload for its parts, of the request for everything else (spec I.2). */
function encryptionOf({ asked, headers }: S3Request): UploadAccess {
  if (asked !== undefined) return asked;
  const sse = headers.find(SSE);
  const keyId = headers.find(KEY_ID);
  return { ...(sse === undefined ? {} : { sse }), ...(keyId === undefined ? {} : { keyId }) };
}

async function keyArnOf(req: S3Request, keyId: string | undefined): Promise<string | undefined> {
  if (keyId?.startsWith("arn:") === true && !keyId.includes(":alias/")) return keyId;
  const resolved = await req.deps.resolveKeyArn?.(req.caller, keyId);
  return resolved ?? keyId;
}

function addTags(values: Map<string, string | readonly string[]>, header: string | undefined): void {
  if (header === undefined) return;
  const tags = parseTagHeaderQuietly(header);
  values.set(
    "s3:requestobjecttagkeys",
    tags.map((tag) => tag.key),
  );
  for (const tag of tags) values.set(`s3:requestobjecttag/${tag.key.toLowerCase()}`, tag.value);
}
