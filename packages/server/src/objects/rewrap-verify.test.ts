import assert from "node:assert/strict";
import { test } from "node:test";
import { newRev } from "../base/ids.ts";
import type { Sealed } from "../store/port.ts";
import { NO_SSEC } from "./encryption/ssec-request.ts";
import { rewrapBucket, type RewrapProgress } from "./rewrap.ts";
import {
  bodyOf,
  bytesOf,
  makeWorld,
  pattern,
  PLAIN,
  putInput,
  readInput,
  ssec,
  testCaller,
  type World,
} from "./test-world.ts";
import { type Verified, type VerifyOptions, verifyVersions } from "./verify.ts";

const alice = testCaller();
const KEY = "11111111-1111-4111-8111-111111111111";
const customer = ssec(0);
const OBJECTS = {
  s3: PLAIN,
  kms: { sse: "aws:kms", keyId: KEY, ssec: NO_SSEC },
  dsse: { sse: "aws:kms:dsse", keyId: KEY, ssec: NO_SSEC },
  ssec: { ssec: customer },
} as const;

async function fill() {
  const world = await makeWorld();
  world.kms.create(KEY);
  const plain = await world.bucket();
  const bucket = { ...plain, versioning: "enabled" as const };
  for (const [name, encryption] of Object.entries(OBJECTS)) {
    for (const size of [10, 100_000]) {
      await world.objects.put(alice, bucket, putInput(`${name}`, { encryption }), bodyOf(pattern(size)));
    }
  }
  await world.objects.delete(alice, bucket, { key: putInput("gone").key });
  return { world, bucket };
}

async function verify(world: World, options: VerifyOptions = {}): Promise<Verified[]> {
  const found: Verified[] = [];
  for await (const one of verifyVersions(world.core, options)) found.push(one);
  return found;
}
const reachedBy = (found: readonly Verified[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { reached } of found) counts[reached] = (counts[reached] ?? 0) + 1;
  return counts;
};

test("rewrap: a bucket to a new epoch, noncurrent versions and DSSE's outer layer too, resumable", async () => {
  const { world, bucket } = await fill();
  const progress: RewrapProgress[] = [];
  for await (const step of rewrapBucket(world.core, bucket)) {
    progress.push(step);
    break;
  }
  for await (const step of rewrapBucket(world.core, bucket, progress.at(-1))) progress.push(step);
  const last = progress.at(-1);
  assert.ok(last?.done === true);
  assert.deepEqual([last.epoch, last.looked, last.rewrapped, last.missed], [2, 8, 4, 0]);
  for (const [name, encryption] of Object.entries(OBJECTS)) {
    const read = readInput(name, { ssec: encryption.ssec });
    assert.deepEqual(await bytesOf(await world.objects.get(alice, bucket, read)), pattern(100_000));
  }
  // The old epoch's key opens nothing any more.
  const { rows } = await world.store.scan({ table: "epoch", from: new Uint8Array(), limit: 10 });
  assert.equal(rows.length, 2);
  const found = await verify(world, { as: alice, deep: true });
  assert.ok(found.every(({ problems }) => problems.length === 0));
});

test("verify: what it reaches with and without keys", async () => {
  const { world } = await fill();
  assert.deepEqual(reachedBy(await verify(world)), { opened: 2, checksummed: 4, outer: 2, marker: 1 });
  assert.deepEqual(reachedBy(await verify(world, { as: alice })), { opened: 6, checksummed: 2, marker: 1 });
  const customerKeys = [ssec(9).key, customer.key].filter((key) => key !== undefined);
  const all = await verify(world, { as: alice, customerKeys, deep: true });
  assert.deepEqual(reachedBy(all), { opened: 8, marker: 1 });
  world.kms.denied.add("alice:Decrypt");
  assert.deepEqual(reachedBy(await verify(world, { as: alice })), {
    opened: 2,
    checksummed: 4,
    outer: 2,
    marker: 1,
  });
});

test("verify: rot, a missing stream, a record that does not open", async () => {
  const { world } = await fill();
  const { store, model } = world;
  const [inline] = (await store.scan({ table: "inline", from: new Uint8Array(), limit: 1 })).rows;
  assert.ok(inline !== undefined && model !== undefined);
  const rotten = new Uint8Array(inline.value);
  rotten[rotten.length - 1] = (rotten[rotten.length - 1] ?? 0) ^ 1;
  model.tamper("inline", inline.key, { ...inline, value: rotten as Sealed });
  const [blob] = await store.blobs.list(undefined, 1);
  await store.blobs.delete(blob === undefined ? [] : [blob.id]);
  const [version] = (await store.scan({ table: "version", from: new Uint8Array(), limit: 1 })).rows;
  assert.ok(version !== undefined);
  model.tamper("version", version.key, { ...version, value: rotten as Sealed, rev: newRev() });
  const problems = (await verify(world)).flatMap((one) => one.problems);
  assert.ok(
    problems.some((text) => text.includes("does not open")),
    problems.join(),
  );
  assert.ok(
    problems.some((text) => text.includes("CRC32C") || text.includes("missing")),
    problems.join(),
  );
  assert.ok(problems.length >= 2 && problems.length <= 3);
});
