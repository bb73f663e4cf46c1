/** Copies and re-wraps of objects with parts: streams and pages stay where they are, and go with the last reference. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Collector } from "../store/collector.ts";
import type { Bucket, ChecksumAlgorithm, CopyObjectInput, EncryptionHeaders } from "./api.ts";
import { checksumOf } from "./checksum/algorithms.ts";
import { NO_SSEC } from "./encryption/ssec-request.ts";
import { rewrapBucket } from "./rewrap.ts";
import { bodyOf, bytesOf, pattern, PLAIN, putInput, readInput, ssec } from "./test-world.ts";
import { alice, Client, listedWithChecksum, makeUploads, type UploadsWorld } from "./uploads/test-uploads.ts";
import { verifyVersions } from "./verify.ts";

const KEY1 = "11111111-1111-4111-8111-111111111111";
const KEY2 = "22222222-2222-4222-8222-222222222222";
const KMS1: EncryptionHeaders = { sse: "aws:kms", keyId: KEY1, ssec: NO_SSEC };
const KMS2: EncryptionHeaders = { sse: "aws:kms", keyId: KEY2, ssec: NO_SSEC };
const SSEC: EncryptionHeaders = { ssec: ssec(0) };

async function start(): Promise<{ world: UploadsWorld; bucket: Bucket }> {
  const world = await makeUploads();
  world.kms.create(KEY1);
  world.kms.create(KEY2);
  return { world, bucket: await world.bucket() };
}

async function upload(
  world: UploadsWorld,
  bucket: Bucket,
  parts: number,
  encryption: EncryptionHeaders,
  checksumAlgorithm?: ChecksumAlgorithm,
): Promise<Uint8Array> {
  const pieces = Array.from({ length: parts }, (_, i) => pattern(40_000 + i, i + 1));
  const algorithm = checksumAlgorithm === undefined ? {} : { checksumAlgorithm };
  const client = await Client.begin(world, bucket, "k", { encryption, ...algorithm });
  const list = [];
  for (const [i, piece] of pieces.entries()) {
    const integrity = checksumAlgorithm === undefined ? {} : { algorithm: checksumAlgorithm };
    list.push(listedWithChecksum(i + 1, await client.put(i + 1, piece, integrity)));
  }
  await client.complete(list);
  return new Uint8Array(Buffer.concat(pieces));
}

const copyInput = (
  bucket: Bucket,
  to: string,
  source: EncryptionHeaders,
  encryption: EncryptionHeaders,
): CopyObjectInput => ({
  source: { bucket, key: putInput("k").key, ssec: source.ssec, conditions: {} },
  key: putInput(to).key,
  encryption,
  conditions: {},
  changesPlacement: true,
});

async function check(
  world: UploadsWorld,
  bucket: Bucket,
  key: string,
  encryption: EncryptionHeaders,
  bytes: Uint8Array,
): Promise<void> {
  const read = readInput(key, { ssec: encryption.ssec, checksumMode: true });
  const whole = await world.objects.get(alice, bucket, read);
  assert.deepEqual(await bytesOf(whole), bytes);
  assert.ok(whole.kind === "object");
  const { checksum, facts } = whole;
  if (facts.partCount === undefined && checksum !== undefined) {
    const expected = Buffer.from(checksumOf(checksum.algorithm, bytes)).toString("base64");
    assert.deepEqual(checksum, { ...checksum, type: "FULL_OBJECT", value: expected });
  }
  const range = { kind: "from-to", from: 39_990, to: bytes.length - 40_010 } as const;
  const part = await world.objects.get(alice, bucket, { ...read, range });
  assert.deepEqual(await bytesOf(part), bytes.slice(39_990, bytes.length - 40_009));
}

const blobsOf = async (world: UploadsWorld): Promise<number> =>
  (await world.store.blobs.list(undefined, 1000)).length;

async function emptied(world: UploadsWorld): Promise<void> {
  world.model?.setClock(() => Date.now() + 48 * 3_600_000);
  const collector = new Collector(world.core.records);
  for (let i = 0; i < 4; i++) await collector.tick();
  assert.equal(await blobsOf(world), 0);
  for (const table of ["inline", "page", "content", "trash"] as const) {
    const { rows } = await world.store.scan({ table, from: new Uint8Array(), limit: 10 });
    assert.equal(rows.length, 0, table);
  }
}

for (const parts of [3, 20]) {
  test(`${parts} parts in one KMS key: copies share the streams, checksums are combined`, async () => {
    for (const algorithm of [undefined, "CRC32", "CRC32C"] as const) {
      const { world, bucket } = await start();
      const bytes = await upload(world, bucket, parts, KMS1, algorithm);
      const before = await blobsOf(world);
      const copied = await world.objects.copy(alice, bucket, copyInput(bucket, "c", KMS1, KMS1));
      assert.equal(await blobsOf(world), before);
      assert.doesNotMatch(copied.etag, /-/);
      await check(world, bucket, "c", KMS1, bytes);
      await world.objects.delete(alice, bucket, { key: putInput("k").key });
      await check(world, bucket, "c", KMS1, bytes);
      await world.objects.delete(alice, bucket, { key: putInput("c").key });
      await emptied(world);
    }
  });

  test(`${parts} parts: a copy onto itself re-wraps, into SSE-S3 and with digests that do not combine it reads`, async () => {
    const { world, bucket } = await start();
    const bytes = await upload(world, bucket, parts, PLAIN);
    const before = await blobsOf(world);
    let present = PLAIN;
    for (const next of [KMS1, SSEC, KMS2]) {
      await world.objects.copy(alice, bucket, copyInput(bucket, "k", present, next));
      assert.equal(await blobsOf(world), before);
      await check(world, bucket, "k", next, bytes);
      present = next;
    }
    await world.objects.copy(alice, bucket, copyInput(bucket, "k", present, PLAIN));
    await check(world, bucket, "k", PLAIN, bytes);
    const sha = await upload(world, bucket, parts, KMS1, "SHA256");
    await world.objects.copy(alice, bucket, copyInput(bucket, "k", KMS1, KMS1));
    await check(world, bucket, "k", KMS1, sha);
    await world.objects.delete(alice, bucket, { key: putInput("k").key });
    await emptied(world);
  });

  test(`${parts} parts of an SSE-C upload (form 2): re-wrapped to form 1 with the same bytes`, async () => {
    const { world, bucket } = await start();
    const bytes = await upload(world, bucket, parts, SSEC);
    await check(world, bucket, "k", SSEC, bytes);
    const before = await blobsOf(world);
    await world.objects.copy(alice, bucket, copyInput(bucket, "k", SSEC, KMS1));
    assert.equal(await blobsOf(world), before);
    await check(world, bucket, "k", KMS1, bytes);
  });

  test(`${parts} parts: another KMS key, a new epoch, and verify`, async () => {
    const { world, bucket } = await start();
    const bytes = await upload(world, bucket, parts, PLAIN);
    for await (const step of rewrapBucket(world.core, bucket)) {
      if (step.done) assert.deepEqual([step.rewrapped, step.missed], [1, 0]);
    }
    await check(world, bucket, "k", PLAIN, bytes);
    const keyArn = world.kms.create(KEY1);
    const before = await world.objects.head(alice, bucket, readInput("k"));
    await world.objects.updateEncryption(alice, bucket, { key: putInput("k").key, keyArn, bucketKey: true });
    await check(world, bucket, "k", PLAIN, bytes);
    const after = await world.objects.head(alice, bucket, readInput("k"));
    assert.deepEqual(after.facts, { ...before.facts, encryption: after.facts.encryption });
    for await (const { problems, reached } of verifyVersions(world.core, { as: alice, deep: true })) {
      assert.deepEqual([problems, reached], [[], "opened"]);
    }
    await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(3)));
    await world.objects.delete(alice, bucket, { key: putInput("k").key });
    await emptied(world);
  });
}
