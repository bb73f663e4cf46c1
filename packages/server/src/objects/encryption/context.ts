/**
 * Encryption contexts of S3 (spec s3-encryption E.3, E.4; kms 14): the pairs a client sends, and the pair that the store
 * adds. With a bucket key the resource is the bucket, else the object; never the version.
 */
import type { EncryptionContext } from "../../kms/port.ts";
import type { BucketName, ObjectKey } from "../../base/ids.ts";
import { badContext, reservedContext } from "./refusals.ts";

export const S3_ARN_KEY = "aws:s3:arn";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const bucketArn = (bucket: BucketName): string => `arn:aws:s3:::${bucket}`;
export const objectArn = (bucket: BucketName, key: ObjectKey): string => `arn:aws:s3:::${bucket}/${key}`;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The user's pairs from the header: base64 of a JSON object of strings; anything else is InvalidArgument (E.4). */
export function parseContextHeader(header: string): EncryptionContext {
  if (header === "" || !BASE64.test(header)) badContext();
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(Buffer.from(header, "base64")));
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) badContext();
    throw cause;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) badContext();
  const pairs = new Map<string, string>();
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string" || !text.isWellFormed() || !key.isWellFormed()) badContext();
    pairs.set(key, text);
  }
  return pairs;
}

/**
 * The context that goes to the key service. A user's pair may repeat the store's own exactly; other keys that begin with
 * `aws:` in any case are refused, because policies match context keys without regard to case.
 */
export function fullContext(user: EncryptionContext | undefined, arn: string): EncryptionContext {
  const full = new Map<string, string>();
  for (const [key, value] of user ?? []) {
    const reserved = key.length >= 4 && key.slice(0, 4).toLowerCase() === "aws:";
    if (reserved && !(key === S3_ARN_KEY && value === arn)) reservedContext(key);
    full.set(key, value);
  }
  full.set(S3_ARN_KEY, arn);
  return full;
}

/** The user's pairs back from a full one, for a re-wrap that keeps them (spec J). */
export function userPairs(full: EncryptionContext): EncryptionContext {
  const user = new Map(full);
  user.delete(S3_ARN_KEY);
  return user;
}
