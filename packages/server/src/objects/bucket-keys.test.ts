/** Spec G: bucket keys save calls of the key service, per requester and KMS key, and every use is authorised. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../base/clock.ts";
import { newBucketId } from "../base/ids.ts";
import { BUCKET_KEY_LIMITS, BucketKeys } from "./encryption/bucket-keys.ts";
import { NO_SSEC } from "./encryption/ssec-request.ts";
import { FakeKms } from "./test-kms.ts";
import {
  bodyOf,
  bytesOf,
  makeWorld,
  pattern,
  putInput,
  readInput,
  refused,
  testCaller,
} from "./test-world.ts";

const KEY = "11111111-1111-4111-8111-111111111111";
const encryption = { sse: "aws:kms", keyId: KEY, bucketKey: "true", ssec: NO_SSEC };

test("100 PUTs of one caller make one GenerateDataKey, those of two callers two", async () => {
  const world = await makeWorld();
  world.kms.create(KEY);
  const bucket = await world.bucket();
  const count = (op: string): number => world.kmsCalls.filter((call) => call === op).length;
  const put = (name: string, i: number): Promise<unknown> =>
    world.objects.put(testCaller(name), bucket, putInput(`k${i}`, { encryption }), bodyOf(pattern(3)));
  await Promise.all(Array.from({ length: 100 }, (_, i) => put("alice", i)));
  assert.deepEqual([count("GenerateDataKey"), count("Decrypt")], [1, 1]);
  for (let i = 0; i < 10; i++) await put("bob", i);
  assert.deepEqual([count("GenerateDataKey"), count("Decrypt")], [2, 2]);
  // Alice reads her own without a call, Bob's with one.
  for (let i = 0; i < 20; i++) {
    await bytesOf(await world.objects.get(testCaller("alice"), bucket, readInput(`k${i}`)));
  }
  assert.deepEqual([count("GenerateDataKey"), count("Decrypt")], [2, 3]);
});

test("every use is authorised anew, by action, for writer and reader", async () => {
  const world = await makeWorld();
  const arn = world.kms.create(KEY);
  const bucket = await world.bucket();
  const alice = testCaller();
  const put = (): Promise<unknown> =>
    world.objects.put(alice, bucket, putInput("k", { encryption }), bodyOf(pattern(3)));
  await put();
  const get = (): Promise<unknown> => world.objects.get(alice, bucket, readInput("k"));
  await get();
  for (const action of ["GenerateDataKey", "Decrypt"]) {
    world.kms.denied.add(`alice:${action}`);
    await assert.rejects(put(), refused("AccessDenied"));
    if (action === "Decrypt") await assert.rejects(get(), refused("AccessDenied"));
    world.kms.denied.clear();
  }
  world.kms.setState(arn, "disabled");
  await assert.rejects(put(), refused("KMS.DisabledException"));
  await assert.rejects(get(), refused("KMS.DisabledException"));
});

test("bounds: age, uses, bytes and number", async () => {
  const kms = new FakeKms();
  const arn = kms.create(KEY);
  let now = 0;
  const clock: Clock = { now: () => now };
  const limits = { ...BUCKET_KEY_LIMITS, ageMs: 1000, entries: 2, uses: 3, bytes: 100 };
  const keys = new BucketKeys(kms, { kmsCall: () => undefined }, clock, limits);
  const made = (): number => kms.calls.filter(({ op }) => op === "GenerateDataKey").length;
  const bucket = newBucketId();
  const use = (name = "alice", bytes = 1, id = bucket) =>
    keys.forWriting(testCaller(name), id, arn, new Map([["a", "b"]]), bytes);
  for (let i = 0; i < 3; i++) await use();
  assert.equal(made(), 1);
  await use();
  assert.equal(made(), 2, "uses");
  await use("alice", 100);
  assert.equal(made(), 3, "bytes");
  now = 1000;
  await use();
  assert.equal(made(), 4, "age");
  await use("alice", 1, newBucketId());
  await use("bob");
  assert.equal(made(), 6, "bucket and requester");
  await use();
  assert.equal(made(), 7, "number");
});
