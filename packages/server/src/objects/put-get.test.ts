import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { EncryptionHeaders } from "./api.ts";
import { NO_SSEC } from "./encryption/ssec-request.ts";
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
} from "./test-world.ts";

const alice = testCaller();
const KEY = "11111111-1111-4111-8111-111111111111";

const MODES: Readonly<Record<string, EncryptionHeaders>> = {
  "SSE-S3": PLAIN,
  "SSE-KMS": { sse: "aws:kms", keyId: KEY, ssec: NO_SSEC },
  "SSE-KMS with a bucket key": { sse: "aws:kms", keyId: KEY, bucketKey: "true", ssec: NO_SSEC },
  "DSSE-KMS": { sse: "aws:kms:dsse", keyId: KEY, ssec: NO_SSEC },
  "SSE-C": { ssec: ssec(0) },
};
const SIZES = [0, 1, 13, 4096, 36_000, 36_777, 65_535, 65_536, 65_537, 1_000_000];

for (const [mode, encryption] of Object.entries(MODES)) {
  test(`${mode}: what was put comes back, whole and in ranges`, async () => {
    const world = await makeWorld();
    world.kms.create(KEY);
    const bucket = await world.bucket();
    for (const size of SIZES) {
      const bytes = pattern(size);
      const put = await world.objects.put(alice, bucket, putInput("a/b", { encryption }), bodyOf(bytes));
      const md5 = createHash("md5").update(bytes).digest("hex");
      assert.equal(put.etag === md5, mode === "SSE-S3");
      assert.equal(put.size, size);
      const read = { ssec: encryption.ssec };
      const whole = await world.objects.get(alice, bucket, readInput("a/b", read));
      assert.deepEqual(await bytesOf(whole), bytes);
      assert.equal(whole.facts.etag, put.etag);
      assert.deepEqual(whole.facts.headers, [["content-type", "text/plain"]]);
      if (size < 2) continue;
      for (const [from, to] of [
        [0, 0],
        [1, size - 1],
        [size - 1, size + 10],
        [Math.min(65_530, size - 1), size - 1],
      ] as const) {
        const range = { kind: "from-to", from, to } as const;
        const part = await world.objects.get(alice, bucket, readInput("a/b", { ...read, range }));
        assert.ok(part.kind === "object" && part.partial);
        assert.deepEqual(await bytesOf(part), bytes.slice(from, Math.min(to + 1, size)));
      }
    }
  });
}

test("versions: current, by id, null, delete markers and promotion", async () => {
  const world = await makeWorld();
  const plain = await world.bucket();
  await world.objects.put(alice, plain, putInput("k"), bodyOf(Uint8Array.of(0)));
  const bucket = { ...plain, versioning: "enabled" as const };
  const one = await world.objects.put(alice, bucket, putInput("k"), bodyOf(Uint8Array.of(1)));
  const two = await world.objects.put(alice, bucket, putInput("k"), bodyOf(Uint8Array.of(2)));
  const read = async (versionId?: string): Promise<readonly number[]> => {
    const input = readInput("k", versionId === undefined ? {} : { versionId });
    return [...(await bytesOf(await world.objects.get(alice, bucket, input)))];
  };
  assert.deepEqual(await read(), [2]);
  assert.deepEqual(await read(one.versionId), [1]);
  assert.deepEqual(await read("null"), [0]);
  const { key } = putInput("k");
  const marker = await world.objects.delete(alice, bucket, { key });
  assert.equal(marker.deleteMarker, true);
  await assert.rejects(read(), refused("NoSuchKey"));
  await assert.rejects(read(marker.versionId), refused("MethodNotAllowed"));
  await world.objects.delete(alice, bucket, { key, versionId: marker.versionId ?? "" });
  assert.deepEqual(await read(), [2]);
  await world.objects.delete(alice, bucket, { key, versionId: two.versionId ?? "" });
  assert.deepEqual(await read(), [1]);
  const suspended = { ...bucket, versioning: "suspended" as const };
  await world.objects.put(alice, suspended, putInput("k"), bodyOf(Uint8Array.of(9)));
  assert.deepEqual(await read("null"), [9]);
  assert.deepEqual(await read(one.versionId), [1]);
  await world.objects.delete(alice, bucket, { key, versionId: "null" });
  assert.deepEqual(await read(), [1]);
  await world.objects.delete(alice, bucket, { key, versionId: one.versionId ?? "" });
  await assert.rejects(read(), refused("NoSuchKey"));
  for (const table of ["head", "marker", "version", "inline"] as const) {
    const { rows } = await world.store.scan({ table, from: new Uint8Array(), limit: 10 });
    assert.equal(rows.length, 0, table);
  }
});
