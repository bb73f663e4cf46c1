/**
 * The record of a bucket (table `bucket`, by name) and of its policy (table `config`, by bucket id). Settings decide access
 * and encryption, so the record stands with a counter in its owner's list (sealed format section 6, Rollback); policy and
 * CORS rules, which are long, are pinned by the record: both hold the same revision.
 *
 *     bucket = format(1) = 1 || bucketId(16) || LP(owner) || createdMs(8) || LP(region) || versioning(1) || rule(1) [|| bucketKey(1)
 *              || LP(key id as sent)] || block(1) || tags(1) || LP(name) LP(value) each || policy(1) [|| revision(16)]
 *              [|| cors(1) = 1 || revision(16)]
 *     policy = format(1) = 1 || revision(16) || LP(text)
 */
import { Reader, Writer } from "@strongroom/crypto";
import { assert } from "../../base/errors.ts";
import { type AccountId, asId, type BucketId, parseAccountId, type Rev } from "../../base/ids.ts";
import type { Codec } from "../../store/codec.ts";
import type { RowKey } from "../../store/port.ts";
import type { Bucket, BucketEncryption, CorsRule, DefaultEncryption, Tag } from "../api.ts";
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
}

export interface PolicyRecord {
  readonly revision: Rev;
  readonly text: string;
}

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
  version: 1,
  encode: (record) => {
    const out = new Writer(256)
      .u8(1)
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
    // Not there rather than 0 when there are none: such a record is what it was before CORS came.
    if (record.cors !== undefined) out.u8(1).fixed(record.cors, 16);
    return out.done();
  },
  decode: (body) => parsed("a bucket record", () => readBucket(new Reader(body, "bucket record"))),
};

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
  if (reader.u8() !== 1) reader.fail("unknown format");
  const id = asId<BucketId>(reader.take(16).slice());
  const owner = parseAccountId(reader.lpText());
  const createdMs = reader.u64();
  const region = reader.lpText();
  const versioning = VERSIONING[reader.u8()] ?? reader.fail("unknown versioning");
  const rule = readRule(reader);
  const block = reader.u8();
  const tags = readTags(reader);
  const policy = reader.u8() === 0 ? undefined : asId<Rev>(reader.take(16).slice());
  const cors = reader.left === 0 ? undefined : readPin(reader);
  reader.end();
  const encryption = {
    ...(rule === undefined ? {} : { rule }),
    ...(block === UNSET ? {} : { ssecBlocked: block === 1 }),
  };
  return { id, owner, createdMs, region, versioning, encryption, tags, policy, cors };
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
  if (count === UNSET) return undefined;
  return Array.from({ length: count }, () => ({ key: reader.lpText(), value: reader.lpText() }));
}

export const policyCodec: Codec<PolicyRecord> = {
  version: 1,
  encode: ({ revision, text }) => new Writer(text.length + 64).u8(1).fixed(revision, 16).lpText(text).done(),
  decode: (body) =>
    parsed("a policy record", () => {
      const reader: Reader = new Reader(body, "policy record");
      if (reader.u8() !== 1) reader.fail("unknown format");
      const revision = asId<Rev>(reader.take(16).slice());
      const text = reader.lpText();
      reader.end();
      return { revision, text };
    }),
};

/** The bucket as the other layers see it. */
export function bucketOf(
  name: Bucket["name"],
  record: BucketRecord,
  policy: PolicyRecord | undefined,
  cors: readonly CorsRule[] | undefined,
): Bucket {
  assert((record.policy === undefined) === (policy === undefined), "a policy goes with its bucket's record");
  assert((record.cors === undefined) === (cors === undefined), "CORS rules go with their bucket's record");
  const { id, owner, createdMs, region, versioning, encryption, tags } = record;
  const shown =
    policy === undefined
      ? undefined
      : { text: policy.text, revision: Buffer.from(policy.revision).toString("hex") };
  return { id, name, owner, createdMs, region, versioning, encryption, tags, policy: shown, cors };
}
