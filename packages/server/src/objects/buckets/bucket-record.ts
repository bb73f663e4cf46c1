/**
 * The record of a bucket (table `bucket`, by name) and of its policy (table `config`, by bucket id). Settings decide access
 * and encryption, so the record stands with a counter in its owner's list (sealed format section 6, Rollback); policy and
 * CORS rules, which are long, are pinned by the record: both hold the same revision.
 *
 *     bucket = format(1) = 2 || bucketId(16) || LP(owner) || createdMs(8) || LP(region) || versioning(1) || rule(1) [|| bucketKey(1)
 *              || LP(key id as sent)] || block(1) || tags(1) || LP(name) LP(value) each || policy(1) [|| revision(16)]
 *              || public access(1) || ownership(1) [|| cors(1) = 1 || revision(16)]
 *     policy = format(1) = 2 || revision(16) || LP(text) || bindings(4) || LP(principal) LP(unique id) each
 *
 * Format 1 has no public access, ownership or bindings: it reads as a bucket where nobody set either, and as a policy whose
 * principals are ARNs alone.
 */
import { Reader, Writer } from "@strongroom/crypto";
import { assert } from "../../base/errors.ts";
import { type AccountId, asId, type BucketId, parseAccountId, type Rev } from "../../base/ids.ts";
import type { Codec } from "../../store/codec.ts";
import type { RowKey } from "../../store/port.ts";
import type {
  Bucket,
  BucketEncryption,
  BucketPolicy,
  CorsRule,
  DefaultEncryption,
  PublicAccess,
  Tag,
} from "../api.ts";
import { parsed } from "../rows/codecs.ts";

export interface BucketRecord {
  readonly id: BucketId;
  readonly owner: AccountId;
  readonly createdMs: number;
  readonly region: string;
  readonly versioning: Bucket["versioning"];
  readonly encryption: BucketEncryption;
  readonly tags: readonly Tag[] | undefined;
  /** That of the policy row. */
  readonly policy: Rev | undefined;
  /** That of the CORS row. */
  readonly cors: Rev | undefined;
  /** Undefined: taken away. */
  readonly publicAccess: PublicAccess | undefined;
  /** False: the owner took the setting away, which changes what is shown and nothing else. */
  readonly ownershipShown: boolean;
}

export interface PolicyRecord {
  readonly revision: Rev;
  readonly text: string;
  /** Which unique id each principal of the text stood for when it was put. */
  readonly bindings: ReadonlyMap<string, string>;
}

/** What a bucket has where nobody said otherwise. */
export const ALL_BLOCKED: PublicAccess = {
  blockAcls: true,
  ignoreAcls: true,
  blockPolicy: true,
  restrictBuckets: true,
};

const VERSIONING: readonly Bucket["versioning"][] = ["unversioned", "enabled", "suspended"];
const ALGORITHMS: readonly DefaultEncryption["algorithm"][] = ["AES256", "aws:kms", "aws:kms:dsse"];
/** Codes of the block and of the tags: never set is not the same as none. */
const UNSET = 0xff;
const encoder = new TextEncoder();

export const bucketRow = (name: string): RowKey => ({ table: "bucket", key: encoder.encode(name) });
/** The parent of an account's list of buckets. */
export const bucketsOf = (owner: AccountId): Uint8Array => encoder.encode(`s3/${owner}`);

export const policyRow = (id: BucketId): RowKey => configRow(id, "policy");

export function configRow(id: BucketId, what: "policy" | "cors"): RowKey {
  const name = encoder.encode(what);
  const key = new Uint8Array(id.length + name.length);
  key.set(id);
  key.set(name, id.length);
  return { table: "config", key };
}

export const bucketCodec: Codec<BucketRecord> = {
  version: 2,
  encode: (record) => {
    const out = new Writer(256)
      .u8(2)
      .fixed(record.id, 16)
      .lpText(record.owner)
      .u64(record.createdMs)
      .lpText(record.region)
      .u8(VERSIONING.indexOf(record.versioning));
    writeRule(out, record.encryption.rule);
    const blocked = record.encryption.ssecBlocked;
    out.u8(blocked === undefined ? UNSET : blocked ? 1 : 0);
    out.u8(record.tags?.length ?? UNSET);
    for (const { key, value } of record.tags ?? []) out.lpText(key).lpText(value);
    if (record.policy === undefined) out.u8(0);
    else out.u8(1).fixed(record.policy, 16);
    out.u8(publicAccessCode(record.publicAccess)).u8(record.ownershipShown ? 1 : 0);
    // Not there rather than 0 when there are none: such a record is what it was before CORS came.
    if (record.cors !== undefined) out.u8(1).fixed(record.cors, 16);
    return out.done();
  },
  decode: (body) => parsed("a bucket record", () => readBucket(new Reader(body, "bucket record"))),
};

function publicAccessCode(access: PublicAccess | undefined): number {
  if (access === undefined) return UNSET;
  const { blockAcls, ignoreAcls, blockPolicy, restrictBuckets } = access;
  return (blockAcls ? 1 : 0) | (ignoreAcls ? 2 : 0) | (blockPolicy ? 4 : 0) | (restrictBuckets ? 8 : 0);
}

function readPublicAccess(reader: Reader): PublicAccess | undefined {
  const code = reader.u8();
  if (code === UNSET) return undefined;
  if (code > 15) reader.fail("unknown public access");
  return {
    blockAcls: (code & 1) !== 0,
    ignoreAcls: (code & 2) !== 0,
    blockPolicy: (code & 4) !== 0,
    restrictBuckets: (code & 8) !== 0,
  };
}

function readFlag(reader: Reader): boolean {
  const code = reader.u8();
  if (code > 1) reader.fail("a flag is 0 or 1");
  return code === 1;
}

function writeRule(out: Writer, rule: DefaultEncryption | undefined): void {
  if (rule === undefined) {
    out.u8(UNSET);
    return;
  }
  out.u8(ALGORITHMS.indexOf(rule.algorithm)).u8(rule.bucketKey ? 1 : 0);
  // An empty id cannot be sent: empty stands for none.
  out.lpText(rule.algorithm === "AES256" ? "" : (rule.kmsKeyId ?? ""));
}

function readBucket(reader: Reader): BucketRecord {
  const format = reader.u8();
  if (format !== 1 && format !== 2) reader.fail("unknown format");
  const id = asId<BucketId>(reader.take(16).slice());
  const owner = parseAccountId(reader.lpText());
  const createdMs = reader.u64();
  const region = reader.lpText();
  const versioning = VERSIONING[reader.u8()] ?? reader.fail("unknown versioning");
  const rule = readRule(reader);
  const block = reader.u8();
  const tags = readTags(reader);
  const policy = reader.u8() === 0 ? undefined : asId<Rev>(reader.take(16).slice());
  const publicAccess = format === 1 ? ALL_BLOCKED : readPublicAccess(reader);
  const ownershipShown = format === 1 ? true : readFlag(reader);
  const cors = reader.left === 0 ? undefined : readPin(reader);
  reader.end();
  const encryption = {
    ...(rule === undefined ? {} : { rule }),
    ...(block === UNSET ? {} : { ssecBlocked: block === 1 }),
  };
  return {
    id,
    owner,
    createdMs,
    region,
    versioning,
    encryption,
    tags,
    policy,
    publicAccess,
    ownershipShown,
    cors,
  };
}

function readPin(reader: Reader): Rev {
  if (reader.u8() !== 1) reader.fail("unknown setting");
  return asId<Rev>(reader.take(16).slice());
}

function readRule(reader: Reader): DefaultEncryption | undefined {
  const code = reader.u8();
  if (code === UNSET) return undefined;
  const algorithm = ALGORITHMS[code] ?? reader.fail("unknown algorithm");
  const bucketKey = reader.u8() === 1;
  const kmsKeyId = reader.lpText();
  if (algorithm === "AES256") return { algorithm, bucketKey };
  return { algorithm, bucketKey, ...(kmsKeyId === "" ? {} : { kmsKeyId }) };
}

function readTags(reader: Reader): readonly Tag[] | undefined {
  const count = reader.u8();
  // A record with none was written once for an empty tag set, which is no tag set.
  if (count === UNSET || count === 0) return undefined;
  return Array.from({ length: count }, () => ({ key: reader.lpText(), value: reader.lpText() }));
}

export const policyCodec: Codec<PolicyRecord> = {
  version: 2,
  encode: ({ revision, text, bindings }) => {
    const out = new Writer(text.length + 64).u8(2).fixed(revision, 16).lpText(text).u32(bindings.size);
    for (const [principal, uniqueId] of bindings) out.lpText(principal).lpText(uniqueId);
    return out.done();
  },
  decode: (body) =>
    parsed("a policy record", () => {
      const reader: Reader = new Reader(body, "policy record");
      const format = reader.u8();
      if (format !== 1 && format !== 2) reader.fail("unknown format");
      const revision = asId<Rev>(reader.take(16).slice());
      const text = reader.lpText();
      const bindings = format === 1 ? new Map<string, string>() : readBindings(reader);
      reader.end();
      return { revision, text, bindings };
    }),
};

function readBindings(reader: Reader): ReadonlyMap<string, string> {
  const bindings = new Map<string, string>();
  for (let left = reader.u32(); left > 0; left--) bindings.set(reader.lpText(), reader.lpText());
  return bindings;
}

/** The bucket as the other layers see it. */
export function bucketOf(
  name: Bucket["name"],
  record: BucketRecord,
  policy: PolicyRecord | undefined,
  cors: readonly CorsRule[] | undefined,
): Bucket {
  assert((record.policy === undefined) === (policy === undefined), "a policy goes with its bucket's record");
  assert((record.cors === undefined) === (cors === undefined), "CORS rules go with their bucket's record");
  const { policy: _policy, cors: _cors, ...settings } = record;
  const shown: BucketPolicy | undefined =
    policy === undefined
      ? undefined
      : {
          text: policy.text,
          revision: Buffer.from(policy.revision).toString("hex"),
          ...(policy.bindings.size === 0 ? {} : { bindings: policy.bindings }),
        };
  return { ...settings, name, policy: shown, cors };
}
