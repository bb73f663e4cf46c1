/**
 * Condition values that a request carries (spec access 9, s3-encryption I): raw header values, before anything is
 * validated, so that a policy's denial wins over a bad value. A key that the request does not carry is absent; defaults
 * of the bucket never appear but under the names that are ours. Global keys (aws:*) that follow from the caller alone are
 * the authoriser's to add.
 */
import type { Tag, UploadAccess } from "../../objects/api.ts";
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
/**
 * What only some operations act upon. Elsewhere the header means nothing, so it must not fulfil a policy that asks for it
 * (a form's field or a presigned parameter can carry any name).
 */
const CONDITIONAL = new Set(["PutObject", "CopyObject", "CompleteMultipartUpload", "DeleteObject"]);
const COPYING = new Set(["CopyObject", "UploadPartCopy"]);
const ONLY_IN: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["if-match", CONDITIONAL],
  ["if-none-match", CONDITIONAL],
  ["x-amz-copy-source", COPYING],
  ["x-amz-metadata-directive", COPYING],
]);
const FROM_QUERY: readonly (readonly [parameter: string, key: string])[] = [
  ["prefix", "s3:prefix"],
  ["delimiter", "s3:delimiter"],
  ["max-keys", "s3:max-keys"],
  ["versionId", "s3:versionid"],
];
type Value = string | readonly string[];

const SSE = "x-amz-server-side-encryption";
const CUSTOMER = "x-amz-server-side-encryption-customer-algorithm";
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

/** Put together when a decision first looks: most requests are decided by ownership alone. */
export function requestValues(req: S3Request): ReadonlyMap<string, Value> {
  req.values ??= build(req);
  return req.values;
}

function build(req: S3Request): ReadonlyMap<string, Value> {
  const { caller, headers, query, signing } = req;
  const values = new Map<string, Value>([
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
  const { operation } = req.exchange;
  for (const [name, value] of headers.entries()) {
    const key = FROM_HEADER.get(name);
    if (key !== undefined && ONLY_IN.get(name)?.has(operation) !== false) values.set(key, value);
  }
  if (req.form !== undefined) add("s3:x-amz-acl", headers.find("acl"));
  if (query.size > 0) for (const [parameter, key] of FROM_QUERY) add(key, query.get(parameter));
  add("s3:objectcreationoperation", CREATES_OBJECT.get(operation));
  addTags(values, req.askedTags, keepsSourceTags(req) ? undefined : headers.find("x-amz-tagging"));
  add("s3:x-amz-server-side-encryption", askedOf(req).sse);
  add("strongroom:effective-encryption", effectiveOf(req)?.algorithm);
  return values;
}

/** Of the upload for its parts, of the request for everything else (spec I.2). */
function askedOf({ asked, headers }: S3Request): UploadAccess {
  if (asked !== undefined) return asked;
  const sse = headers.find(SSE);
  const keyId = headers.find(KEY_ID);
  return { ...(sse === undefined ? {} : { sse }), ...(keyId === undefined ? {} : { keyId }) };
}

/** A KMS key as it was named; `id` undefined is the caller's own `aws/s3`. */
export interface NamedKey {
  readonly id: string | undefined;
}

/** The key of s3:x-amz-server-side-encryption-aws-kms-key-id: named in the request, or implied by its mode. */
export function askedKey(req: S3Request): NamedKey | undefined {
  const { sse, keyId } = askedOf(req);
  if (keyId === undefined && !isKms(sse)) return undefined;
  // A part's is the one that its upload began with: an alias may lead elsewhere by now, and `aws/s3` is every account's own.
  return { id: req.asked?.effective?.keyArn ?? keyId };
}

/** The key of strongroom:effective-kms-key-id. */
export function effectiveKey(req: S3Request): NamedKey | undefined {
  const effective = effectiveOf(req);
  return effective !== undefined && isKms(effective.algorithm) ? { id: effective.keyId } : undefined;
}

const isKms = (algorithm: string | undefined): boolean =>
  algorithm === "aws:kms" || algorithm === "aws:kms:dsse";

/** What a write will be encrypted with once the bucket's default is applied, as the resolver for writes has it. */
function effectiveOf(
  req: S3Request,
): { readonly algorithm: string; readonly keyId?: string | undefined } | undefined {
  const { operation } = req.exchange;
  if (!CREATES_OBJECT.has(operation) && operation !== "UpdateObjectEncryption") return undefined;
  const { asked, headers, bucket } = req;
  if (asked?.effective !== undefined) return { ...asked.effective, keyId: asked.effective.keyArn };
  if (headers.has(CUSTOMER) || headers.has("x-amz-server-side-encryption-customer-key"))
    return { algorithm: "SSE-C" };
  const { sse, keyId } = askedOf(req);
  if (sse !== undefined) return { algorithm: sse, keyId };
  const { rule } = bucket.encryption;
  if (rule === undefined || rule.algorithm === "AES256") return { algorithm: "AES256" };
  return { algorithm: rule.algorithm, keyId: rule.kmsKeyId };
}

/** Then the header of a copy means nothing. */
const keepsSourceTags = ({ exchange, headers }: S3Request): boolean =>
  exchange.operation === "CopyObject" && headers.find("x-amz-tagging-directive") !== "REPLACE";

function addTags(
  values: Map<string, Value>,
  asked: readonly Tag[] | undefined,
  header: string | undefined,
): void {
  if (asked === undefined && header === undefined) return;
  const tags = asked ?? parseTagHeaderQuietly(header ?? "");
  values.set(
    "s3:requestobjecttagkeys",
    tags.map((tag) => tag.key),
  );
  for (const [key, value] of tagValues(tags)) values.set(`s3:requestobjecttag/${key}`, value);
}

/**
 * Tags by lower-case key: keys of tags differ by case, keys of conditions don't. Two that meet under one name are two
 * values of it, so that neither hides the other from a denial.
 */
export function tagValues(tags: readonly Tag[]): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>();
  for (const { key, value } of tags) {
    const name = key.toLowerCase();
    const before = values.get(name);
    values.set(name, before === undefined ? value : [before, value].flat());
  }
  return values;
}
