/** The same over the embedded home: LMDB rows and files, a second process's view, and the collector's work. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openTestHome } from "../store/local/test-home.ts";
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
import { verifyVersions } from "./verify.ts";

const alice = testCaller();
const KEY = "11111111-1111-4111-8111-111111111111";
const MODES = [
  PLAIN,
  { sse: "aws:kms", keyId: KEY, bucketKey: "true", ssec: NO_SSEC },
  { sse: "aws:kms:dsse", keyId: KEY, ssec: NO_SSEC },
  { ssec: ssec(0) },
] as const;

test("every mode on the embedded home, seen by a second process at once", async () => {
  const home = await openTestHome();
  try {
    const world = await makeWorld(home.store);
    const other = await makeWorld(await home.another(), world);
    world.kms.create(KEY);
    const bucket = await world.bucket();
    for (const [i, encryption] of MODES.entries()) {
      for (const size of [0, 5, 4096, 36_700, 40_000, 200_000]) {
        const key = `k${i}-${size}`;
        const bytes = pattern(size, i + 1);
        await world.objects.put(alice, bucket, putInput(key, { encryption }), bodyOf(bytes));
        const read = readInput(key, { ssec: encryption.ssec });
        assert.deepEqual(await bytesOf(await other.objects.get(alice, bucket, read)), bytes);
        const range = { kind: "suffix", bytes: 3 } as const;
        if (size > 3) {
          const end = await other.objects.get(alice, bucket, { ...read, range });
          assert.deepEqual(await bytesOf(end), bytes.slice(-3));
        }
      }
    }
    for await (const { problems } of verifyVersions(other.core)) assert.deepEqual(problems, []);
    await other.objects.delete(alice, bucket, { key: putInput("k0-4096").key });
    await assert.rejects(world.objects.get(alice, bucket, readInput("k0-4096")), refused("NoSuchKey"));
  } finally {
    await home.dispose();
  }
});

test("parallel writers of one key in two processes on the embedded home", async () => {
  const home = await openTestHome();
  try {
    const world = await makeWorld(home.store);
    const other = await makeWorld(await home.another(), world);
    const plain = await world.bucket();
    const bucket = { ...plain, versioning: "enabled" as const };
    const puts = await Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        (i % 2 === 0 ? world : other).objects.put(alice, bucket, putInput("k"), bodyOf(pattern(50, i))),
      ),
    );
    for (const [i, { versionId }] of puts.entries()) {
      const read = readInput("k", versionId === undefined ? {} : { versionId });
      assert.deepEqual(await bytesOf(await world.objects.get(alice, bucket, read)), pattern(50, i));
    }
  } finally {
    await home.dispose();
  }
});
