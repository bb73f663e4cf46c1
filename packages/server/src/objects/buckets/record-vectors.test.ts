/**
 * Golden vectors of the bodies of bucket and policy records: format 2 as it is written (testdata/objects/buckets-v2.json),
 * format 1 as it is read (in uploads-v1.json). Written by the releases that made them; they never change.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { asId, type BucketId, keyArn, parseAccountId, type Rev } from "../../base/ids.ts";
import {
  ALL_BLOCKED,
  bucketCodec,
  type BucketRecord,
  policyCodec,
  type PolicyRecord,
} from "./bucket-record.ts";

const TESTDATA = join(import.meta.dirname, "../../../../../testdata/objects");
const read = (name: string): Readonly<Record<string, unknown>> =>
  JSON.parse(readFileSync(join(TESTDATA, name), "utf8"));
const fill = (n: number, byte: number): Uint8Array => new Uint8Array(n).fill(byte);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(String(text), "hex"));
const ARN = keyArn("us-east-1", "000000000000", "11111111-1111-4111-8111-111111111111");
const REVISION = asId<Rev>(fill(16, 4));
const CORS_REVISION = asId<Rev>(fill(16, 14));

const made: BucketRecord = {
  id: asId<BucketId>(fill(16, 1)),
  owner: parseAccountId("000000000000"),
  createdMs: 1_790_000_000_123,
  region: "us-east-1",
  versioning: "unversioned",
  encryption: {},
  tags: undefined,
  policy: undefined,
  publicAccess: ALL_BLOCKED,
  ownershipShown: true,
  cors: undefined,
};
const set: BucketRecord = {
  ...made,
  versioning: "suspended",
  encryption: { rule: { algorithm: "aws:kms", kmsKeyId: ARN, bucketKey: true }, ssecBlocked: false },
  tags: [{ key: "team", value: "größer" }],
  policy: REVISION,
};
const policy: PolicyRecord = { revision: REVISION, text: '{"Version":"2012-10-17"}', bindings: new Map() };

const BUCKETS: Readonly<Record<string, BucketRecord>> = {
  "bucket, as made": made,
  "bucket, with all settings": {
    ...set,
    publicAccess: { ...ALL_BLOCKED, blockPolicy: false, restrictBuckets: false },
  },
  "bucket, settings taken away": { ...made, publicAccess: undefined, ownershipShown: false },
  "bucket, with CORS": { ...made, cors: CORS_REVISION },
};
const POLICIES: Readonly<Record<string, PolicyRecord>> = {
  policy,
  "policy, bound": {
    ...policy,
    bindings: new Map([["arn:aws:iam::000000000000:user/zoë", "AIDAQQQQQQQQQQQQQQQQQ"]]),
  },
};

test("what is written is what the vectors say, and it is read again", () => {
  const stored = read("buckets-v2.json");
  for (const [name, record] of Object.entries(BUCKETS)) {
    assert.equal(hex(bucketCodec.encode(record)), stored[name], name);
    assert.deepEqual(bucketCodec.decode(bytesOf(stored[name])), record, name);
  }
  for (const [name, record] of Object.entries(POLICIES)) {
    assert.equal(hex(policyCodec.encode(record)), stored[name], name);
    assert.deepEqual(policyCodec.decode(bytesOf(stored[name])), record, name);
  }
  assert.deepEqual(Object.keys(stored), [...Object.keys(BUCKETS), ...Object.keys(POLICIES)]);
});

test("an empty tag set, as it was written once, reads as none", () => {
  assert.deepEqual(bucketCodec.decode(bucketCodec.encode({ ...made, tags: [] })), made);
});

test("format 1 reads as a bucket where nobody set the rest, and as a policy by ARNs alone", () => {
  const stored = read("uploads-v1.json");
  assert.deepEqual(bucketCodec.decode(bytesOf(stored["bucket, as made"])), made);
  assert.deepEqual(bucketCodec.decode(bytesOf(stored["bucket, with all settings"])), set);
  const withCors = { ...made, versioning: "enabled", cors: CORS_REVISION };
  assert.deepEqual(bucketCodec.decode(bytesOf(stored["bucket, with CORS"])), withCors);
  assert.deepEqual(policyCodec.decode(bytesOf(stored["policy"])), policy);
});
