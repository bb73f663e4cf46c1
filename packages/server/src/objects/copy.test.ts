/** Copies: every pair of modes, which ones move bytes, shared contents and their last reference (sealed format 4 and 9). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bucket, CopyObjectInput, EncryptionHeaders } from "./api.ts";
import { checksumOf } from "./checksum/algorithms.ts";
import { OPENERS_MAX, OPENERS_OF_COPY_MAX } from "./encryption/opened-by.ts";
import { NO_SSEC } from "./encryption/ssec-request.ts";
import { targetOf } from "./publish.ts";
import { contentCodec } from "./rows/content-record.ts";
import {
  bodyOf,
  bytesOf,
  makeWorld,
  pattern,
  PLAIN,
  putInput,
  readInput,
  refused,
  ssec,
  testCaller,
  type World,
} from "./test-world.ts";

const alice = testCaller();
const KEY1 = "11111111-1111-4111-8111-111111111111";
const KEY2 = "22222222-2222-4222-8222-222222222222";
const MODES: Readonly<Record<string, EncryptionHeaders>> = {
  none: PLAIN,
  "SSE-S3": { sse: "AES256", ssec: NO_SSEC },
  "SSE-C": { ssec: ssec(0) },
  "SSE-KMS": { sse: "aws:kms", keyId: KEY1, ssec: NO_SSEC },
  "SSE-KMS bk": { sse: "aws:kms", keyId: KEY1, bucketKey: "true", ssec: NO_SSEC },
  "DSSE-KMS": { sse: "aws:kms:dsse", keyId: KEY1, ssec: NO_SSEC },
};
const TARGETS = {
  ...MODES,
  "SSE-C": { ssec: ssec(32) },
  "SSE-KMS": { sse: "aws:kms", keyId: KEY2, ssec: NO_SSEC },
};

async function start(): Promise<{ world: World; bucket: Bucket }> {
  const world = await makeWorld();
  world.kms.create(KEY1);
  world.kms.create(KEY2);
  return { world, bucket: await world.bucket() };
}

function copyInput(
  bucket: Bucket,
  from: string,
  to: string,
  source: EncryptionHeaders,
  encryption: EncryptionHeaders,
  change: Partial<CopyObjectInput> = {},
): CopyObjectInput {
  return {
    source: { bucket, key: putInput(from).key, ssec: source.ssec, conditions: {} },
    key: putInput(to).key,
    encryption,
    conditions: {},
    changesPlacement: false,
    ...change,
  };
}

const read = async (world: World, bucket: Bucket, key: string, e: EncryptionHeaders): Promise<Uint8Array> =>
  bytesOf(await world.objects.get(alice, bucket, readInput(key, { ssec: e.ssec })));

const md5 = (bytes: Uint8Array): string => Buffer.from(checksumOf("MD5", bytes)).toString("hex");

/** How many streams are stored, inline or as blobs. */
async function streams(world: World): Promise<number> {
  const inline = await world.store.scan({ table: "inline", from: new Uint8Array(), limit: 100 });
  const blobs = await world.store.blobs.list(undefined, 100);
  return inline.rows.length + blobs.length;
}
async function rowsIn(world: World, table: "content" | "trash" | "intent"): Promise<number> {
  return (await world.store.scan({ table, from: new Uint8Array(), limit: 100 })).rows.length;
}

for (const size of [1, 100_000]) {
  test(`all pairs of modes, ${size} bytes`, async () => {
    const { world, bucket } = await start();
    const bytes = pattern(size);
    for (const [from, source] of Object.entries(MODES)) {
      await world.objects.put(alice, bucket, putInput("s", { encryption: source }), bodyOf(bytes));
      for (const [to, target] of Object.entries(TARGETS)) {
        const copied = await world.objects.copy(alice, bucket, copyInput(bucket, "s", "t", source, target));
        assert.deepEqual(await read(world, bucket, "t", target), bytes, `${from} to ${to}`);
        assert.equal(copied.etag === md5(bytes), to === "none" || to === "SSE-S3", `${from} to ${to}`);
        const head = await world.objects.head(alice, bucket, readInput("t", { ssec: target.ssec }));
        assert.deepEqual(head.facts.encryption, { ...copied.encryption });
        assert.equal(head.facts.etag, copied.etag);
        assert.deepEqual(head.facts.metadata, [["colour", "blue"]]);
        // The source is untouched.
        assert.deepEqual(await read(world, bucket, "s", source), bytes, `${from} to ${to}`);
      }
    }
    assert.equal(await rowsIn(world, "intent"), 0);
  });

  test(`onto itself: a re-wrap that moves no byte, ${size} bytes`, async () => {
    const { world, bucket } = await start();
    const bytes = pattern(size);
    const chain = ["none", "SSE-KMS", "SSE-C", "SSE-KMS bk", "SSE-C"];
    let present: EncryptionHeaders = PLAIN;
    await world.objects.put(alice, bucket, putInput("k"), bodyOf(bytes));
    for (const mode of chain) {
      const target = TARGETS[mode as keyof typeof TARGETS];
      const replace = { headers: [], metadata: [["mode", mode]] } as const;
      await world.objects.copy(alice, bucket, copyInput(bucket, "k", "k", present, target, { replace }));
      assert.deepEqual(await read(world, bucket, "k", target), bytes);
      assert.equal(await streams(world), 1, mode);
      assert.equal(await rowsIn(world, "trash"), 0);
      present = target;
    }
    // Back to SSE-S3 the MD5 is needed, so the bytes are read.
    const back = await world.objects.copy(
      alice,
      bucket,
      copyInput(bucket, "k", "k", present, MODES["SSE-S3"] ?? PLAIN),
    );
    assert.equal(back.etag, md5(bytes));
    assert.deepEqual(await read(world, bucket, "k", PLAIN), bytes);
  });

  test(`onto itself, again and again under a customer's key: a new dek now and then, ${size} bytes`, async () => {
    const { world, bucket } = await start();
    const bytes = pattern(size);
    const e = { ssec: ssec(0) };
    await world.objects.put(alice, bucket, putInput("k", { encryption: e }), bodyOf(bytes));
    const openers = async (): Promise<number> => {
      const standing = await world.core.publisher.current(targetOf(bucket, putInput("k").key));
      assert.ok(standing?.version.kind === "object");
      return standing.version.openedBy.length;
    };
    for (let i = 1; i <= 2 * OPENERS_OF_COPY_MAX + 5; i++) {
      const replace = { headers: [], metadata: [["n", `${i}`]] } as const;
      await world.objects.copy(alice, bucket, copyInput(bucket, "k", "k", e, e, { replace }));
      // Each re-wrap adds one opener; the 65th copy, and each 65th after it, re-encrypts.
      assert.equal(await openers(), i % (OPENERS_OF_COPY_MAX + 1));
    }
    assert.deepEqual(await read(world, bucket, "k", e), bytes);
  });

  test(`shared in one bucket, freed with the last reference, ${size} bytes`, async () => {
    const { world, bucket } = await start();
    const bytes = pattern(size);
    for (const encryption of [PLAIN, MODES["SSE-KMS"] ?? PLAIN]) {
      await world.objects.put(alice, bucket, putInput("a", { encryption }), bodyOf(bytes));
      await world.objects.copy(alice, bucket, copyInput(bucket, "a", "b", PLAIN, encryption));
      await world.objects.copy(alice, bucket, copyInput(bucket, "b", "c", PLAIN, encryption));
      await world.objects.copy(alice, bucket, copyInput(bucket, "a", "c", PLAIN, encryption));
      assert.equal(await streams(world), 1);
      assert.equal(await rowsIn(world, "content"), 1);
      await world.objects.delete(alice, bucket, { key: putInput("a").key });
      assert.deepEqual(await read(world, bucket, "b", PLAIN), bytes);
      await world.objects.put(alice, bucket, putInput("b"), bodyOf(pattern(3)));
      assert.deepEqual(await read(world, bucket, "c", PLAIN), bytes);
      const trash = await rowsIn(world, "trash");
      await world.objects.delete(alice, bucket, { key: putInput("c").key });
      await world.objects.delete(alice, bucket, { key: putInput("b").key });
      assert.equal(await rowsIn(world, "content"), 0);
      assert.equal((await rowsIn(world, "trash")) - trash, size > 1000 ? 1 : 0);
      if (size < 1000) assert.equal(await streams(world), 0);
      else await world.store.blobs.delete((await world.store.blobs.list(undefined, 10)).map(({ id }) => id));
    }
    // Another bucket has its own dek.
    await world.objects.put(alice, bucket, putInput("a"), bodyOf(bytes));
    const other = await world.bucket();
    await world.objects.copy(alice, other, copyInput(bucket, "a", "a", PLAIN, PLAIN));
    assert.equal(await streams(world), 2);
  });
}

test("a content that was opened under very many keys is shared and re-wrapped no more", async () => {
  const { world, bucket } = await start();
  const bytes = pattern(3);
  const e = { ssec: ssec(0) };
  await world.objects.put(alice, bucket, putInput("k"), bodyOf(bytes));
  const openers = async (): Promise<number[]> => {
    const { rows } = await world.store.scan({ table: "content", from: new Uint8Array(), limit: 9 });
    const entries = await Promise.all(
      rows.map((row) => world.core.records.open(contentCodec, "content", row)),
    );
    return entries.map(({ value }) => value.openedBy.length);
  };
  for (let n = 0; n < 6; n++) {
    const name = `c${n}`;
    await world.objects.copy(alice, bucket, copyInput(bucket, "k", name, PLAIN, PLAIN));
    for (let i = 0; i < 60; i++) {
      await world.objects.copy(alice, bucket, copyInput(bucket, name, name, i === 0 ? PLAIN : e, e));
      for (const count of await openers()) assert.ok(count <= OPENERS_MAX);
    }
    assert.deepEqual(await read(world, bucket, name, e), bytes);
  }
  assert.deepEqual(await openers(), [OPENERS_MAX]);
  assert.deepEqual(await read(world, bucket, "k", PLAIN), bytes);
  await world.objects.copy(alice, bucket, copyInput(bucket, "k", "last", PLAIN, PLAIN));
  assert.deepEqual(await openers(), [OPENERS_MAX]);
  assert.deepEqual(await read(world, bucket, "last", PLAIN), bytes);
});

test("a versioned bucket: a copy onto itself shares with the version that it makes noncurrent", async () => {
  const { world, bucket: plain } = await start();
  const bucket = { ...plain, versioning: "enabled" as const };
  const first = await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(9)));
  const replace = { headers: [], metadata: [] };
  const second = await world.objects.copy(
    alice,
    bucket,
    copyInput(bucket, "k", "k", PLAIN, PLAIN, { replace }),
  );
  assert.notEqual(second.versionId, first.versionId);
  assert.equal(second.sourceVersionId, first.versionId);
  assert.equal(await streams(world), 1);
  const { key } = putInput("k");
  await world.objects.delete(alice, bucket, { key, versionId: first.versionId ?? "" });
  assert.deepEqual(await read(world, bucket, "k", PLAIN), pattern(9));
  await world.objects.delete(alice, bucket, { key, versionId: second.versionId ?? "" });
  assert.equal(await streams(world), 0);
  assert.equal(await rowsIn(world, "content"), 0);
});

test("suspended: copies among the null version and others", async () => {
  const { world, bucket: plain } = await start();
  const enabled = { ...plain, versioning: "enabled" as const };
  const suspended = { ...plain, versioning: "suspended" as const };
  await world.objects.put(alice, plain, putInput("k"), bodyOf(pattern(1)));
  const two = await world.objects.put(alice, enabled, putInput("k"), bodyOf(pattern(2)));
  // The null version is noncurrent; a copy of the current one onto the key takes its place.
  const replace = { headers: [], metadata: [] };
  await world.objects.copy(alice, suspended, copyInput(suspended, "k", "k", PLAIN, PLAIN, { replace }));
  const nullOne = readInput("k", { versionId: "null" });
  assert.deepEqual(await bytesOf(await world.objects.get(alice, suspended, nullOne)), pattern(2));
  // From the old version again, over the null version that shares with it or not.
  const source = {
    bucket: suspended,
    key: putInput("k").key,
    ssec: NO_SSEC,
    conditions: {},
    versionId: two.versionId ?? "",
  };
  for (let i = 0; i < 3; i++) {
    await world.objects.copy(
      alice,
      suspended,
      copyInput(suspended, "k", "k", PLAIN, PLAIN, { source, replace }),
    );
    assert.deepEqual(await bytesOf(await world.objects.get(alice, suspended, nullOne)), pattern(2));
  }
  for (const versionId of ["null", two.versionId ?? ""]) {
    await world.objects.delete(alice, suspended, { key: putInput("k").key, versionId });
  }
  assert.equal(await streams(world), 0);
  assert.equal(await rowsIn(world, "content"), 0);
});

test("B.3: a copy onto itself must change something", async () => {
  const { world, bucket } = await start();
  const illegal = refused("InvalidRequest", "This copy request is illegal because");
  const self = (b: Bucket, e: EncryptionHeaders, change: Partial<CopyObjectInput> = {}): Promise<unknown> =>
    world.objects.copy(alice, b, copyInput(b, "k", "k", PLAIN, e, change));
  await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(9)));
  await assert.rejects(self(bucket, PLAIN), illegal);
  await self(bucket, { sse: "AES256", ssec: NO_SSEC });
  await self(bucket, PLAIN, { changesPlacement: true });
  await self(bucket, PLAIN, { replace: { headers: [], metadata: [] } });
  await self({ ...bucket, encryption: { rule: { algorithm: "AES256", bucketKey: false } } }, PLAIN);
  await self(bucket, MODES["SSE-KMS"] ?? PLAIN);
  // The resolved mode differs from the object's.
  await self(bucket, PLAIN);
});

test("conditions on the source and on the target; a delete marker as source", async () => {
  const { world, bucket: plain } = await start();
  const bucket = { ...plain, versioning: "enabled" as const };
  const put = await world.objects.put(alice, bucket, putInput("a"), bodyOf(pattern(9)));
  const failed = refused("PreconditionFailed");
  const from = (conditions: CopyObjectInput["source"]["conditions"]): CopyObjectInput => {
    const input = copyInput(bucket, "a", "b", PLAIN, PLAIN);
    return { ...input, source: { ...input.source, conditions } };
  };
  await assert.rejects(world.objects.copy(alice, bucket, from({ ifMatch: ["x"] })), failed);
  await assert.rejects(world.objects.copy(alice, bucket, from({ ifNoneMatch: [put.etag] })), failed);
  await world.objects.copy(alice, bucket, from({ ifMatch: [put.etag] }));
  const once = copyInput(bucket, "a", "b", PLAIN, PLAIN, { conditions: { ifNoneMatch: "*" } });
  await assert.rejects(world.objects.copy(alice, bucket, once), failed);
  const marker = await world.objects.delete(alice, bucket, { key: putInput("a").key });
  await assert.rejects(
    world.objects.copy(alice, bucket, copyInput(bucket, "a", "b", PLAIN, PLAIN)),
    refused("NoSuchKey"),
  );
  const input = copyInput(bucket, "a", "b", PLAIN, PLAIN);
  const named = { ...input, source: { ...input.source, versionId: marker.versionId ?? "" } };
  await assert.rejects(
    world.objects.copy(alice, bucket, named),
    refused("InvalidRequest", "The source of a copy"),
  );
});

test("a copy that moves bytes ends when its caller goes, and leaves nothing", async () => {
  const { world, bucket } = await start();
  await world.objects.put(alice, bucket, putInput("s"), bodyOf(pattern(1_000_000)));
  const before = await streams(world);
  const target = TARGETS["SSE-KMS"];
  const gone = testCaller("alice", { signal: AbortSignal.abort() });
  const input = copyInput(bucket, "s", "t", PLAIN, target);
  await assert.rejects(world.objects.copy(gone, bucket, input), refused("RequestTimeout"));
  await assert.rejects(read(world, bucket, "t", target));
  assert.equal(await streams(world), before);
  assert.equal(await rowsIn(world, "intent"), 0);
  await world.objects.copy(alice, bucket, input);
  assert.deepEqual(await read(world, bucket, "t", target), pattern(1_000_000));
});
