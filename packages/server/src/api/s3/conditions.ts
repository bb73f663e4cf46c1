/**
 * Condition values of a request (spec access 9, s3-encryption I): raw header values, before anything is validated, so
 * that a policy's denial wins over a bad value. A key that the request does not carry is absent; defaults of the bucket
 * never appear. Global keys (aws:*) that follow from the caller alone are the authoriser's to add.
 */
import type { ConditionValues } from "../../base/access.ts";
import { parseTagHeaderQuietly } from "./read/tags.ts";
import type { S3Request } from "./request.ts";

/** Header to condition key, the plain ones. */
const FROM_HEADER: readonly (readonly [header: string, key: string])[] = [
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
];
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

export async function conditionsOf(req: S3Request): Promise<ConditionValues> {
  const { caller, headers, query, signing } = req;
  const values = new Map<string, string | readonly string[]>([
    ["aws:securetransport", String(caller.secureTransport)],
    ["aws:sourceip", caller.sourceIp],
  ]);
  if (caller.authType !== "none") values.set("s3:authtype", caller.authType);
  if (caller.signature !== "none") values.set("s3:signatureversion", caller.signature);
  if (caller.userAgent !== undefined) values.set("aws:useragent", caller.userAgent);
  if (caller.tlsVersion !== undefined) values.set("s3:tlsversion", caller.tlsVersion);
  if (signing.contentSha256 !== undefined) values.set("s3:x-amz-content-sha256", signing.contentSha256);
  if (signing.signatureAgeMs !== undefined && signing.presigned) {
    values.set("s3:signatureage", String(signing.signatureAgeMs));
  }
  for (const [header, key] of FROM_HEADER) {
    const value = headers.get(header);
    if (value !== undefined) values.set(key, value);
  }
  if (query.size > 0) {
    for (const [parameter, key] of FROM_QUERY) {
      const value = query.get(parameter);
      if (value !== undefined) values.set(key, value);
    }
  }
  const creates = CREATES_OBJECT.get(req.exchange.operation);
  if (creates !== undefined) values.set("s3:objectcreationoperation", creates);
  addTags(values, headers.get("x-amz-tagging"));
  await addEncryption(values, req);
  return values;
}

/** Of the upload for its parts, of the request for everything else (spec I.2). */
async function addEncryption(values: Map<string, string | readonly string[]>, req: S3Request): Promise<void> {
  const sse = req.upload === undefined ? req.headers.get(SSE) : req.upload.sse;
  const keyId = req.upload === undefined ? req.headers.get(KEY_ID) : req.upload.keyId;
  if (sse !== undefined) values.set("s3:x-amz-server-side-encryption", sse);
  const namesKey = keyId !== undefined || sse === "aws:kms" || sse === "aws:kms:dsse";
  if (!namesKey) return;
  const arn = await keyArnOf(req, keyId);
  if (arn !== undefined) values.set("s3:x-amz-server-side-encryption-aws-kms-key-id", arn);
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
