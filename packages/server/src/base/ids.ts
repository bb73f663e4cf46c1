/**
 * Branded identifiers. A brand is created by a cast only here, in its parser; past the pipeline no function takes a bare
 * string or buffer for these.
 */
import { randomFillSync, randomUUID } from "node:crypto";
import { randomBytes } from "@strongroom/crypto";
import { fail } from "./errors.ts";
import { KEY_BYTES_MAX } from "./limits.ts";

declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

export type AccountId = Brand<string, "AccountId">;
export type BucketName = Brand<string, "BucketName">;
/** An object key as the client means it: any UTF-8 string of 1 to 1024 bytes. */
export type ObjectKey = Brand<string, "ObjectKey">;
/** 16 random bytes, chosen at the bucket's creation: a bucket made again under an old name is another bucket. */
export type BucketId = Brand<Uint8Array, "BucketId">;
/** 16 random bytes, chosen when a PUT, copy or CreateMultipartUpload starts. Not the version id that clients see. */
export type VersionUid = Brand<Uint8Array, "VersionUid">;
/** 16 bytes naming a content (the sealed streams), which several versions may share: unique, and not to be guessed. */
export type ContentId = Brand<Uint8Array, "ContentId">;
/** 16 random bytes naming one stored blob, never reused. */
export type BlobId = Brand<Uint8Array, "BlobId">;
/** 16 random bytes chosen by the committer: the identity of a row's present value. */
export type Rev = Brand<Uint8Array, "Rev">;
/** `arn:aws:kms:<region>:<account>:key/<id>` */
export type KeyArn = Brand<string, "KeyArn">;

/** Random digits are drawn for many ids at once: a call of the generator costs as much as the rest of a small answer. */
const idPool = Buffer.alloc(2048);
let idDigits = "";
let idDigitsUsed = 0;

/** Random hex digits in lower case, for ids that are unique and no secret. At most 32. */
export function randomHex(digits: number): string {
  if (idDigitsUsed + digits > idDigits.length) {
    randomFillSync(idPool);
    idDigits = idPool.toString("hex");
    idDigitsUsed = 0;
  }
  idDigitsUsed += digits;
  return idDigits.slice(idDigitsUsed - digits, idDigitsUsed);
}

/** 16 upper-case hex digits, as S3's request ids look. Unique, not secret. */
export const newRequestId = (): string => randomHex(16).toUpperCase();
/** As the request ids of KMS, IAM, STS and CloudTrail look: a UUID of version 4. */
export function newRequestUuid(): string {
  const hex = randomHex(31);
  const variant = "89ab"[hex.charCodeAt(30) & 3] ?? "8";
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-${variant}${hex.slice(15, 18)}-${hex.slice(18, 30)}`;
}

/** From the crypto package's pool: a call of the system's generator costs microseconds, and a PUT takes several ids. */
const random16 = (): Uint8Array => randomBytes(16);
export const newBucketId = (): BucketId => random16() as BucketId;
export const newVersionUid = (): VersionUid => random16() as VersionUid;
export const newBlobId = (): BlobId => random16() as BlobId;
export const newRev = (): Rev => random16() as Rev;

const LANE_BYTES = 4;
let lane: Uint8Array | undefined;
let contents = 0;

/**
 * lane(4) || counter(4) || random(8). Rows of contents stand in this order, and an index in which every insert meets another
 * page writes that page for each of them. So a process counts up in a lane of its own, which says nothing about the time.
 */
export function newContentId(): ContentId {
  lane ??= randomBytes(LANE_BYTES);
  const id = random16();
  id.set(lane);
  contents = (contents + 1) >>> 0;
  id[4] = contents >>> 24;
  id[5] = contents >>> 16;
  id[6] = contents >>> 8;
  id[7] = contents;
  return id as ContentId;
}

/** Ids read back from a sealed record or a row key: 16 bytes, else corruption. */
export function asId<T extends BucketId | VersionUid | ContentId | BlobId | Rev>(bytes: Uint8Array): T {
  if (bytes.length !== 16) throw new Error("INVARIANT: an id has 16 bytes");
  return bytes as T;
}

const ACCOUNT = /^[0-9]{12}$/;
export function parseAccountId(s: string): AccountId {
  if (!ACCOUNT.test(s)) fail("InvalidArgument", `\`${s}\` is not a 12-digit account id`);
  return s as AccountId;
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IPV4 = /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/;
/** General purpose bucket naming rules of S3; throws InvalidBucketName. */
export function parseBucketName(s: string): BucketName {
  const bad =
    !BUCKET.test(s) ||
    s.includes("..") ||
    s.includes(".-") ||
    s.includes("-.") ||
    IPV4.test(s) ||
    s.startsWith("xn--") ||
    s.startsWith("sthree-") ||
    s.endsWith("-s3alias") ||
    s.endsWith("--ol-s3") ||
    s.endsWith(".mrap") ||
    s.endsWith("--x-s3") ||
    s.endsWith("--table-s3");
  if (bad) fail("InvalidBucketName", { elements: { BucketName: s } });
  return s as BucketName;
}

/** 1 to 1024 bytes of well-formed UTF-8; throws KeyTooLongError. */
export function parseObjectKey(s: string): ObjectKey {
  const size = Buffer.byteLength(s);
  if (size === 0) fail("InvalidArgument", "the object key is empty");
  checkKeyBytes(size);
  return s as ObjectKey;
}
/** For a key that is not put together yet; throws KeyTooLongError. */
export function checkKeyBytes(size: number): void {
  if (size > KEY_BYTES_MAX) {
    fail("KeyTooLongError", { elements: { Size: String(size), MaxSizeAllowed: String(KEY_BYTES_MAX) } });
  }
}

const KEY_ARN = /^arn:aws[a-zA-Z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/[a-zA-Z0-9-]+$/;
export const isKeyArn = (s: string): s is KeyArn => KEY_ARN.test(s);
export function keyArn(region: string, account: string, keyId: string): KeyArn {
  return `arn:aws:kms:${region}:${account}:key/${keyId}` as KeyArn;
}
/** The id of a new KMS key: a version 4 UUID. */
export const newKeyId = (): string => randomUUID();
/** The id of a new multi-Region KMS key. */
export const newMultiRegionKeyId = (): string => `mrk-${randomUUID().replaceAll("-", "")}`;
