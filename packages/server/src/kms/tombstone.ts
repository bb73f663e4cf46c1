/**
 * What stays of a destroyed key: enough to say what was destroyed, when, on whose order, and what had depended on it. The
 * row also keeps the id from being used again. It is written with the first step of the destruction (`destroyedMs` absent),
 * so that a crash loses nothing of it, completed with the last one, and given its counts afterwards.
 */
import { IntegrityError } from "../base/errors.ts";
import { type AccountId, isKeyArn, type KeyArn, parseAccountId } from "../base/ids.ts";
import { type Codec, msgpackCodec } from "../store/codec.ts";

/** So that a row holds them: the rest is summed up. */
export const COUNTED_BUCKETS_MAX = 200;
export const COUNTED_OPENERS_MAX = 50;

export interface BucketDependents {
  /** Empty: the bucket was removed, or its record does not open. */
  readonly name: string;
  /** Hex. */
  readonly id: string;
  readonly versions: number;
  readonly bytes: number;
  readonly uploads: number;
  readonly formerly: number;
}
export interface MaterialDependents {
  /** The first 32 hex digits of a material's id: what a blob's header holds. */
  readonly shortId: string;
  readonly versions: number;
  readonly bytes: number;
  readonly uploads: number;
}

/** What names a key in its envelope. Bytes are of plaintext. */
export interface Dependents {
  readonly beganMs: number;
  readonly endedMs: number;
  /** Object versions and delete markers read, and rows that did not open. */
  readonly looked: number;
  readonly unreadable: number;
  readonly uploadsLooked: number;
  readonly versions: number;
  /** Of the versions: those that are the current one of their key. */
  readonly current: number;
  readonly bytes: number;
  /** Of the versions, by mode; `bucketKey`: of the SSE-KMS ones, those under a bucket key. */
  readonly sseKms: number;
  readonly dsseKms: number;
  readonly bucketKey: number;
  /** Multipart uploads in progress. */
  readonly uploads: number;
  /** Versions that another key opens now, or opens too, and that this key once opened. */
  readonly formerly: number;
  readonly materials: readonly MaterialDependents[];
  /** The largest; `otherBuckets` sums up the rest. */
  readonly buckets: readonly BucketDependents[];
  readonly otherBuckets: number;
  /** Which other keys open, or once opened, versions that depend on this one. */
  readonly alsoOpenedBy: readonly { readonly key: string; readonly versions: number }[];
}

export interface DestroyedMaterial {
  readonly id: string;
  readonly createdMs: number;
  /** Term of the KMS domain key that it was wrapped under at last; absent: its bytes were gone already (imported ones). */
  readonly term?: number;
}

export interface Tombstone {
  readonly account: AccountId;
  readonly keyId: string;
  readonly bornArn: KeyArn;
  readonly spec: string;
  readonly origin: string;
  readonly createdMs: number;
  readonly aliases: readonly string[];
  readonly materials: readonly DestroyedMaterial[];
  readonly grants: number;
  readonly scheduledMs?: number;
  readonly scheduledBy?: string;
  readonly scheduledRequest?: string;
  readonly deletionMs: number;
  readonly beganMs: number;
  /** Absent while the destruction is under way. */
  readonly destroyedMs?: number;
  readonly lastUse?: { readonly operation: string; readonly atMs: number };
  /** Absent until counted. */
  readonly dependents?: Dependents;
}

type Fields = Readonly<Record<string, unknown>>;

function bad(what: string): never {
  throw new IntegrityError(`a destroyed key's record: ${what}`);
}
function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : bad("not a map");
}
const text = (f: Fields, name: string): string => {
  const value = f[name];
  return typeof value === "string" ? value : bad(name);
};
const count = (f: Fields, name: string): number => {
  const value = f[name];
  return typeof value === "number" ? value : bad(name);
};
const list = <T>(f: Fields, name: string, parse: (f: Fields) => T): readonly T[] => {
  const value = f[name];
  return Array.isArray(value) ? value.map((item) => parse(fields(item))) : bad(name);
};

/** Version 1 held only a mark. */
export const tombstoneCodec: Codec<Tombstone | undefined> = msgpackCodec(2, (value, version) =>
  version === 1 ? undefined : parseTombstone(fields(value)),
);

function parseTombstone(f: Fields): Tombstone {
  const bornArn = text(f, "bornArn");
  const aliases = f["aliases"];
  return {
    account: parseAccountId(text(f, "account")),
    keyId: text(f, "keyId"),
    bornArn: isKeyArn(bornArn) ? bornArn : bad("ARN"),
    spec: text(f, "spec"),
    origin: text(f, "origin"),
    createdMs: count(f, "createdMs"),
    aliases: Array.isArray(aliases) ? aliases.map(String) : bad("aliases"),
    materials: list(f, "materials", (m) => ({
      id: text(m, "id"),
      createdMs: count(m, "createdMs"),
      ...(m["term"] !== undefined && { term: count(m, "term") }),
    })),
    grants: count(f, "grants"),
    ...(f["scheduledMs"] !== undefined && { scheduledMs: count(f, "scheduledMs") }),
    ...(f["scheduledBy"] !== undefined && { scheduledBy: text(f, "scheduledBy") }),
    ...(f["scheduledRequest"] !== undefined && { scheduledRequest: text(f, "scheduledRequest") }),
    deletionMs: count(f, "deletionMs"),
    beganMs: count(f, "beganMs"),
    ...(f["destroyedMs"] !== undefined && { destroyedMs: count(f, "destroyedMs") }),
    ...(f["lastUse"] !== undefined && { lastUse: parseUse(fields(f["lastUse"])) }),
    ...(f["dependents"] !== undefined && { dependents: parseDependents(fields(f["dependents"])) }),
  };
}

const parseUse = (f: Fields): NonNullable<Tombstone["lastUse"]> => ({
  operation: text(f, "operation"),
  atMs: count(f, "atMs"),
});

function parseDependents(f: Fields): Dependents {
  return {
    beganMs: count(f, "beganMs"),
    endedMs: count(f, "endedMs"),
    looked: count(f, "looked"),
    unreadable: count(f, "unreadable"),
    uploadsLooked: count(f, "uploadsLooked"),
    versions: count(f, "versions"),
    current: count(f, "current"),
    bytes: count(f, "bytes"),
    sseKms: count(f, "sseKms"),
    dsseKms: count(f, "dsseKms"),
    bucketKey: count(f, "bucketKey"),
    uploads: count(f, "uploads"),
    formerly: count(f, "formerly"),
    materials: list(f, "materials", (m) => ({
      shortId: text(m, "shortId"),
      versions: count(m, "versions"),
      bytes: count(m, "bytes"),
      uploads: count(m, "uploads"),
    })),
    buckets: list(f, "buckets", (b) => ({
      name: text(b, "name"),
      id: text(b, "id"),
      versions: count(b, "versions"),
      bytes: count(b, "bytes"),
      uploads: count(b, "uploads"),
      formerly: count(b, "formerly"),
    })),
    otherBuckets: count(f, "otherBuckets"),
    alsoOpenedBy: list(f, "alsoOpenedBy", (o) => ({ key: text(o, "key"), versions: count(o, "versions") })),
  };
}
