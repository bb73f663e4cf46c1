/** Every record of buckets and uploads comes back as it was written; a byte less or more is corruption. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IntegrityError } from "../../base/errors.ts";
import { asId, type BlobId, type BucketId, keyArn, parseAccountId, type Rev } from "../../base/ids.ts";
import type { Codec } from "../../store/codec.ts";
import { bucketCodec, policyCodec } from "../buckets/bucket-record.ts";
import { corsCodec } from "../buckets/cors-record.ts";
import { endedCodec, isUsed, usedBitmap } from "./ended-record.ts";
import { partCodec } from "./part-record.ts";

function sized(size: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => new Uint8Array(bytes));
}
const id = <T extends BucketId | BlobId | Rev>(): fc.Arbitrary<T> => sized(16).map((b) => asId<T>(b));
const text = fc.string({ unit: "grapheme", maxLength: 20 });
const some = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
const ms = fc.nat(2 ** 31);

function check<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, (value) => {
      const body = codec.encode(value);
      assert.equal(body[0], codec.version);
      // Generated records may have no prototype; a clone has one.
      assert.deepEqual(structuredClone(codec.decode(body)), structuredClone(value));
      assert.throws(() => codec.decode(body.slice(0, -1)), IntegrityError);
      assert.throws(() => codec.decode(new Uint8Array([...body, 0])), IntegrityError);
      assert.throws(() => codec.decode(new Uint8Array([9, ...body.slice(1)])), IntegrityError);
    }),
    { numRuns: 60 },
  );
}

const tag = fc.record({ key: text, value: text });
const rule = fc.oneof(
  fc.record({ algorithm: fc.constant("AES256" as const), bucketKey: fc.boolean() }),
  fc.record(
    {
      algorithm: fc.constantFrom("aws:kms" as const, "aws:kms:dsse" as const),
      bucketKey: fc.boolean(),
      kmsKeyId: some,
    },
    { requiredKeys: ["algorithm", "bucketKey"], noNullPrototype: true },
  ),
);

test("bucket and policy records", () => {
  check(
    bucketCodec,
    fc.record({
      id: id<BucketId>(),
      owner: fc.constant(parseAccountId("000000000000")),
      createdMs: ms,
      region: text,
      versioning: fc.constantFrom("unversioned" as const, "enabled" as const, "suspended" as const),
      encryption: fc.record({ rule, ssecBlocked: fc.boolean() }, { requiredKeys: [], noNullPrototype: true }),
      tags: fc.option(fc.array(tag, { minLength: 1, maxLength: 50 }), { nil: undefined }),
      policy: fc.option(id<Rev>(), { nil: undefined }),
      cors: fc.option(id<Rev>(), { nil: undefined }),
      publicAccess: fc.option(
        fc.record({
          blockAcls: fc.boolean(),
          ignoreAcls: fc.boolean(),
          blockPolicy: fc.boolean(),
          restrictBuckets: fc.boolean(),
        }),
        { nil: undefined },
      ),
      ownershipShown: fc.boolean(),
    }),
  );
  const bindings = fc.array(fc.tuple(text, text), { maxLength: 5 }).map((pairs) => new Map(pairs));
  check(policyCodec, fc.record({ revision: id<Rev>(), text, bindings }));
  const list = fc.array(text, { maxLength: 5 });
  const corsRule = fc.record(
    { id: text, origins: list, methods: list, headers: list, exposed: list, maxAgeSeconds: fc.nat() },
    { requiredKeys: ["origins", "methods", "headers", "exposed"], noNullPrototype: true },
  );
  check(corsCodec, fc.record({ revision: id<Rev>(), rules: fc.array(corsRule, { maxLength: 100 }) }));
});

test("part records", () => {
  const commitments = fc.oneof(
    sized(32).map((one) => [one] as const),
    fc.tuple(sized(32), sized(32)),
  );
  check(
    partCodec,
    fc.record({
      plaintextSize: ms,
      commitments,
      sealedChecksums: fc.uint8Array({ maxLength: 100 }).map((b) => new Uint8Array(b)),
      location: fc.record({ blob: id<BlobId>(), storedSize: ms, crc32c: ms }),
      etag: sized(16),
      lastModifiedMs: ms,
    }),
  );
});

test("records of ended uploads", () => {
  const arn = keyArn("us-east-1", "000000000000", "11111111-1111-4111-8111-111111111111");
  const encryption = fc.constantFrom(
    { mode: "SSE-S3" as const },
    { mode: "SSE-C" as const, keyMd5: "" },
    { mode: "SSE-KMS" as const, keyArn: arn, bucketKey: true },
    { mode: "DSSE-KMS" as const, keyArn: arn },
  );
  const completed = fc.record({
    kind: fc.constant("completed" as const),
    digest: sized(32),
    used: fc.uint8Array({ maxLength: 1251 }).map((b) => new Uint8Array(b)),
    pagesUsed: fc.nat(40),
    versionUid: sized(16).map((b) => asId<never>(b)),
    isNull: fc.boolean(),
    sequence: ms,
    etag: sized(16),
    partCount: fc.nat(10_000),
    size: ms,
    lastModifiedMs: ms,
    encryption,
    access: fc.record({ sse: some, keyId: some }, { requiredKeys: [], noNullPrototype: true }),
  });
  check(
    endedCodec,
    fc.record({
      cleared: fc.boolean(),
      endedMs: ms,
      contentId: sized(16).map((b) => asId<never>(b)),
      bucketId: id<BucketId>(),
      key: text,
      how: fc.oneof(completed, fc.constant({ kind: "aborted" as const })),
    }),
  );
});

test("the bitmap of used parts", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 1 }), (numbers) => {
      const bits = usedBitmap(numbers, Math.max(...numbers));
      for (let n = 0; n <= 10_001; n++) assert.equal(isUsed(bits, n), numbers.includes(n));
    }),
    { numRuns: 20 },
  );
});
