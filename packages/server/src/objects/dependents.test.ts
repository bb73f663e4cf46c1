import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeyArn } from "../base/ids.ts";
import type { Sealed } from "../store/port.ts";
import type { EncryptionHeaders } from "./api.ts";
import { countDependents, KeyCount, type Walked } from "./dependents.ts";
import { NO_SSEC } from "./encryption/ssec-request.ts";
import { ACCOUNT } from "./test-kms.ts";
import { bodyOf, makeWorld, pattern, PLAIN, putInput, testCaller, type World } from "./test-world.ts";

const alice = testCaller();
const KEY1 = "11111111-1111-4111-8111-111111111111";
const KEY2 = "22222222-2222-4222-8222-222222222222";
const kms = (keyId: string): EncryptionHeaders => ({ sse: "aws:kms", keyId, ssec: NO_SSEC });

async function countAll(
  world: World,
  ids: readonly string[],
): Promise<{ readonly counts: readonly KeyCount[]; readonly walked: Walked }> {
  const counts = ids.map(() => new KeyCount());
  // A stored ARN's region is that of its time.
  const find = (arn: string) => counts[ids.findIndex((id) => arn.endsWith(`:${ACCOUNT}:key/${id}`))];
  let walked: Walked = { looked: 0, unreadable: 0, uploads: 0 };
  for await (walked of countDependents(world.core, find));
  return { counts, walked };
}

async function start() {
  const world = await makeWorld();
  const arns = [world.kms.create(KEY1), world.kms.create(KEY2)] as const;
  return { world, bucket: await world.bucket(), arns };
}

const move = (world: World, bucket: Awaited<ReturnType<World["bucket"]>>, key: string, keyArn: KeyArn) =>
  world.objects.updateEncryption(alice, bucket, {
    key: putInput(key).key,
    keyArn,
    bucketKey: false,
  });

test("one walk for several keys; a key's dependents are its own", async () => {
  const { world, bucket } = await start();
  await world.objects.put(alice, bucket, putInput("a", { encryption: kms(KEY1) }), bodyOf(pattern(10)));
  await world.objects.put(alice, bucket, putInput("b", { encryption: kms(KEY2) }), bodyOf(pattern(70_000)));
  await world.objects.put(alice, bucket, putInput("c", { encryption: PLAIN }), bodyOf(pattern(5)));
  const { counts, walked } = await countAll(world, [KEY1, KEY2]);
  assert.deepEqual(
    counts.map(({ versions, current, bytes, materials }) => [versions, current, bytes, materials.size]),
    [
      [1, 1, 10, 1],
      [1, 1, 70_000, 1],
    ],
  );
  assert.deepEqual(walked, { looked: 3, unreadable: 0, uploads: 0 });
});

test("versions that share a content: what another key opens, too, is said of each", async () => {
  const { world, bucket, arns } = await start();
  const encryption = kms(KEY1);
  await world.objects.put(alice, bucket, putInput("a", { encryption }), bodyOf(pattern(10)));
  await world.objects.copy(alice, bucket, {
    source: { bucket, key: putInput("a").key, ssec: NO_SSEC, conditions: {} },
    key: putInput("b").key,
    encryption,
    conditions: {},
    changesPlacement: false,
  });
  const before = (await countAll(world, [KEY1])).counts[0];
  assert.deepEqual([before?.versions, before?.formerly, before?.alsoOpenedBy.size], [2, 0, 0]);
  await move(world, bucket, "b", arns[1]);
  const { counts } = await countAll(world, [KEY1, KEY2]);
  const [first, second] = counts;
  // "a" depends on the first key alone, and its content is open to the second by way of "b".
  assert.deepEqual([first?.versions, first?.formerly], [1, 1]);
  assert.deepEqual([...(first?.alsoOpenedBy ?? [])], [[arns[1], 1]]);
  assert.deepEqual([second?.versions, second?.formerly], [1, 1]);
  assert.deepEqual([...(second?.alsoOpenedBy ?? [])], [[arns[0], 1]]);
});

test("a damaged row counts as unreadable and hides nothing else", async () => {
  const { world, bucket } = await start();
  for (const key of ["a", "b"])
    await world.objects.put(alice, bucket, putInput(key, { encryption: kms(KEY1) }), bodyOf(pattern(10)));
  const { rows } = await world.store.scan({ table: "head", from: new Uint8Array(), limit: 1 });
  const [row] = rows;
  assert.ok(row !== undefined);
  const value = new Uint8Array(row.value) as Sealed;
  value[value.length - 1] = (value.at(-1) ?? 0) ^ 1;
  await world.store.commit({ id: row.rev, put: [{ table: "head", key: row.key, value }] });
  const { counts, walked } = await countAll(world, [KEY1]);
  assert.equal(counts[0]?.versions, 1);
  assert.deepEqual(walked, { looked: 2, unreadable: 1, uploads: 0 });
});
