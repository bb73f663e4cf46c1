import assert from "node:assert/strict";
import { test } from "node:test";
import { IntegrityError } from "../../base/errors.ts";
import { newRev } from "../../base/ids.ts";
import { Collector } from "../../store/collector.ts";
import { DamagedRows } from "../../store/damaged-rows.ts";
import type { Lease } from "../../store/lease.ts";
import { MemoryModel } from "../../store/memory/model.ts";
import { COMPLETED_AGE_MAX_MS } from "../../base/limits.ts";
import { pattern, refused } from "../test-world.ts";
import { verifyRecords } from "../verify-records.ts";
import { abortOlderThan, EndedUploads, oldestUploadMs } from "./jobs.ts";
import { Client, listed, makeUploads, PART_MIN, type UploadsWorld, uploadsOver } from "./test-uploads.ts";

/** The same world at another time. */
function later(world: UploadsWorld, ms: number): UploadsWorld {
  const core = { ...world.core, clock: { now: () => Date.now() + ms } };
  return { ...world, core, uploads: uploadsOver({ core }) };
}

async function collect(world: UploadsWorld): Promise<void> {
  const ended = new EndedUploads(world.core);
  const collector = new Collector(world.core.records, { jobs: [(lease) => ended.collect(lease)] });
  await collector.tick();
  await collector.tick();
}

const count = async (world: UploadsWorld, table: "part" | "ended" | "upload" | "page"): Promise<number> =>
  (await world.store.scan({ table, from: new Uint8Array(), limit: 1000 })).rows.length;

test("an ended upload's unused parts go; the answer of a completed one stays for a day", async () => {
  const world = await makeUploads(new MemoryModel().open());
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  const used = [];
  for (let n = 1; n <= 120; n++) {
    const part = listed(n, await client.put(n, pattern(PART_MIN, n)));
    if (n % 2 === 0) used.push(part);
  }
  const done = await client.complete(used);
  const gone = await Client.begin(world, bucket, "gone");
  await gone.put(1, pattern(5));
  await gone.abort();
  await collect(world);
  assert.deepEqual([await count(world, "part"), await count(world, "ended")], [0, 1]);
  assert.equal((await world.store.blobs.list(undefined, 1000)).length, used.length);
  assert.equal((await client.read()).length, used.length * PART_MIN);
  assert.deepEqual(await client.complete(used), done);
  await collect(later(world, COMPLETED_AGE_MAX_MS + 1000));
  assert.equal(await count(world, "ended"), 0);
  await assert.rejects(client.complete(used), refused("NoSuchUpload"));
  assert.equal((await client.read()).length, used.length * PART_MIN);
});

test("verify asks nothing of an ended upload's parts, whose rows only wait to be cleared", async () => {
  const world = await makeUploads(new MemoryModel().open());
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  await client.complete([listed(1, await client.put(1, pattern(PART_MIN)))]);
  const problems = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { table, problem } of verifyRecords(world.core))
      if (problem !== undefined) found.push(table);
    return found;
  };
  const removeBlobs = async (): Promise<void> => {
    const blobs = await world.store.blobs.list(undefined, 1000);
    await world.store.blobs.delete(blobs.map(({ id }) => id));
  };
  // As after the object was overwritten, and what it held collected.
  await removeBlobs();
  assert.equal(await count(world, "part"), 1);
  assert.deepEqual(await problems(), []);
  const open = await Client.begin(world, bucket, "open");
  await open.put(1, pattern(PART_MIN));
  await removeBlobs();
  assert.deepEqual(await problems(), ["part"]);
});

test("a damaged row of an ended upload, or of one of its parts, keeps no other from being cleared", async () => {
  const model = new MemoryModel();
  const world = await makeUploads(model.open());
  const bucket = await world.bucket();
  for (let i = 0; i < 6; i++) {
    const client = await Client.begin(world, bucket, `k${i}`);
    await client.put(1, pattern(5));
    await client.abort();
  }
  for (const [table, nth] of [
    ["ended", 0],
    ["part", 1],
  ] as const) {
    const row = (await world.store.scan({ table, from: new Uint8Array(), limit: 9 })).rows[nth];
    assert.ok(row !== undefined);
    row.value[20] = (row.value[20] ?? 0) ^ 1;
    model.tamper(table, row.key, { ...row, rev: newRev() });
  }
  await assert.rejects(collect(world), IntegrityError);
  const told: string[] = [];
  const damaged = new DamagedRows(({ table }, { message }) => told.push(`${table}: ${message}`));
  const ended = new EndedUploads(world.core, damaged);
  const jobs = [(lease: Lease) => ended.collect(lease)];
  const collector = new Collector(world.core.records, { damaged, jobs });
  for (let i = 0; i < 3; i++) await collector.tick();
  assert.deepEqual([await count(world, "part"), await count(world, "ended")], [2, 2]);
  assert.equal(told.length, 2, told.join(", "));
});

test("abandoned uploads: the oldest's age, and aborting what is older than a time", async () => {
  const world = await makeUploads(new MemoryModel().open());
  const bucket = await world.bucket();
  assert.equal(await oldestUploadMs(world.core), undefined);
  const HOUR = 3600_000;
  const old = await Client.begin(later(world, -3 * HOUR), bucket, "z");
  const newer = await Client.begin(later(world, -HOUR), bucket, "a");
  const other = await Client.begin(later(world, -4 * HOUR), await world.bucket(), "b");
  const oldest = (await oldestUploadMs(world.core)) ?? 0;
  assert.ok(Math.abs(Date.now() - 4 * HOUR - oldest) < 10_000);
  assert.equal(await abortOlderThan(world.core, Date.now() - 2 * HOUR, { bucket: bucket.id }), 1);
  await assert.rejects(old.abort(), refused("NoSuchUpload"));
  assert.equal(await abortOlderThan(world.core, Date.now() - 2 * HOUR), 1);
  await assert.rejects(other.abort(), refused("NoSuchUpload"));
  await newer.abort();
});

test("clearing goes on after lost answers and conflicts at any of its commits", async () => {
  for (let at = 0; at < 8; at++) {
    for (const fault of [
      { kind: "unknown", applied: false },
      { kind: "unknown", applied: true },
      { kind: "conflict" },
    ] as const) {
      const model = new MemoryModel();
      const world = await makeUploads(model.open(), 1);
      const bucket = await world.bucket();
      const client = await Client.begin(world, bucket, "k");
      const parts = [];
      for (let n = 1; n <= 60; n++) parts.push(listed(n, await client.put(n, pattern(3, n))));
      await client.complete(parts.slice(0, 20));
      model.inject(...Array.from({ length: at }, () => ({ kind: "delay", ms: 0 }) as const), fault);
      for (let round = 0; round < 3; round++) await collect(world);
      assert.deepEqual([await count(world, "part"), await count(world, "page")], [0, 2]);
      assert.equal((await world.store.blobs.list(undefined, 1000)).length, 20);
      assert.equal((await client.read()).length, 60);
    }
  }
});
