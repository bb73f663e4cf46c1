/** A version whose rows are damaged can't be read, but deleted and overwritten; nothing is freed on a guess. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { IntegrityError } from "../base/errors.ts";
import { newRev } from "../base/ids.ts";
import { Collector } from "../store/collector.ts";
import type { RowKey, Sealed } from "../store/port.ts";
import type { Bucket } from "./api.ts";
import { NO_SSEC } from "./encryption/ssec-request.ts";
import { contentRow } from "./rows/content-record.ts";
import { findObject } from "./read-open.ts";
import { targetOf } from "./publish.ts";
import { pageKey } from "./rows/row-keys.ts";
import { bodyOf, bytesOf, pattern, putInput, readInput, refused } from "./test-world.ts";
import { alice, Client, listed, makeUploads, type UploadsWorld } from "./uploads/test-uploads.ts";
import type { ObjectVersion } from "./rows/version-record.ts";

/** Two pages: 256 streams and 44. */
const PARTS = 300;
const { key } = putInput("k");
const KEY = "11111111-1111-4111-8111-111111111111";
/** Copies share its streams. */
const encryption = { sse: "aws:kms", keyId: KEY, ssec: NO_SSEC };

async function start(): Promise<{ world: UploadsWorld; bucket: Bucket; version: ObjectVersion }> {
  const world = await makeUploads(undefined, 1);
  world.kms.create(KEY);
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k", { encryption });
  const list = [];
  for (let n = 1; n <= PARTS; n++) list.push(listed(n, await client.put(n, pattern(10, n))));
  await client.complete(list);
  const { version } = await findObject(world.core, targetOf(bucket, key), undefined);
  return { world, bucket, version };
}

async function damage(
  world: UploadsWorld,
  { table, key: at }: RowKey,
  how: "flip" | "remove",
): Promise<void> {
  const [row] = await world.store.get([{ table, key: at }]);
  assert.ok(row !== undefined);
  const value = row.value.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) as Sealed;
  world.model?.tamper(table, at, how === "flip" ? { ...row, value, rev: newRev() } : undefined);
}

/** Blobs that are left once everything that may go is gone. */
async function blobsLeft(world: UploadsWorld): Promise<number> {
  world.model?.setClock(() => Date.now() + 48 * 3_600_000);
  const collector = new Collector(world.core.records);
  for (let i = 0; i < 4; i++) await collector.tick();
  return (await world.store.blobs.list(undefined, 1000)).length;
}

const ways = {
  delete: async (world: UploadsWorld, bucket: Bucket) => {
    await world.objects.delete(alice, bucket, { key });
    await assert.rejects(async () => world.objects.get(alice, bucket, readInput("k")), refused("NoSuchKey"));
  },
  overwrite: async (world: UploadsWorld, bucket: Bucket) => {
    await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(10)));
  },
};

for (const [name, letGo] of Object.entries(ways)) {
  for (const how of ["flip", "remove"] as const) {
    test(`${name}, a page of locations (${how}): what the other pages name goes, the rest is left to verify`, async () => {
      const { world, bucket, version } = await start();
      await damage(world, { table: "page", key: pageKey(version.contentId, "locations", 0) }, how);
      await assert.rejects(async () => world.objects.get(alice, bucket, readInput("k")), IntegrityError);
      await letGo(world, bucket);
      assert.equal(await blobsLeft(world), 256);
      const { rows } = await world.store.scan({ table: "page", from: new Uint8Array(), limit: 10 });
      assert.equal(rows.length, 0);
    });
  }

  test(`${name}, a page of streams: locations alone say what goes`, async () => {
    const { world, bucket, version } = await start();
    await damage(world, { table: "page", key: pageKey(version.contentId, "streams", 1) }, "flip");
    await letGo(world, bucket);
    assert.equal(await blobsLeft(world), 0);
  });

  test(`${name}, the row of references of a shared content: all of it stays`, async () => {
    const { world, bucket, version } = await start();
    await world.objects.copy(alice, bucket, {
      source: { bucket, key, ssec: NO_SSEC, conditions: {} },
      key: putInput("c").key,
      encryption,
      conditions: {},
      changesPlacement: true,
    });
    await damage(world, contentRow(version.contentId), "flip");
    await letGo(world, bucket);
    assert.equal(await blobsLeft(world), PARTS);
    // The copy opens as before.
    const copy = await world.objects.get(alice, bucket, readInput("c"));
    const whole = Array.from({ length: PARTS }, (_, i) => pattern(10, i + 1));
    assert.deepEqual(await bytesOf(copy), new Uint8Array(Buffer.concat(whole)));
  });
}
