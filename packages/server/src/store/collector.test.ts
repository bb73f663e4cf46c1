import assert from "node:assert/strict";
import { test } from "node:test";
import { type BlobId, newBlobId, newRev } from "../base/ids.ts";
import {
  COLLECTOR_LEASE_MS,
  INTENT_AGE_MAX_MS,
  TRASH_BLOBS_MAX,
  TRASH_GRACE_FULL_MS,
  TRASH_GRACE_MS,
} from "../base/limits.ts";
import { COLLECTOR_LEASE, Collector } from "./collector.ts";
import { chunks, put, text } from "./conformance/home.ts";
import { DamagedRows } from "./damaged-rows.ts";
import { acquireLease, newHolder, releaseLease } from "./lease.ts";
import { MemoryModel } from "./memory/model.ts";
import type { Put, Sealed, Store } from "./port.ts";
import { commitSettled } from "./retry.ts";
import { openTestRecords } from "./test-keyring.ts";
import { intentRow, newIntentKey, trashRows } from "./trash.ts";

async function open() {
  const model = new MemoryModel();
  const clock = { nowMs: 1_800_000_000_000 };
  model.setClock(() => clock.nowMs);
  const { records } = await openTestRecords(model.open());
  const blob = async (): Promise<BlobId> => {
    const id = newBlobId();
    await records.store.blobs.put(id, chunks(Uint8Array.of(1, 2, 3)), 3);
    return id;
  };
  return { model, clock, records, store: records.store, blob, collector: new Collector(records) };
}
const blobCount = async (store: Store) => (await store.blobs.list(undefined, 10_000)).length;
const rowCount = async (store: Store, table: "trash" | "intent" | "inline" | "lease") =>
  (await store.scan({ table, from: new Uint8Array(), limit: 10_000 })).rows.length;

test("trash goes after its grace, with the rows it names", async () => {
  const { clock, records, store, blob, collector } = await open();
  const [kept, gone] = [await blob(), await blob()];
  await commitSettled(store, {
    put: [put("inline row", "bytes", "inline"), put("other", "bytes", "inline")],
  });
  const rows = [{ table: "inline" as const, key: text("inline row") }];
  await commitSettled(store, { put: trashRows(records, { blobs: [gone], rows }, clock.nowMs) });
  assert.deepEqual(await collector.tick(), { rows: 0, blobs: 0 });
  clock.nowMs += TRASH_GRACE_MS;
  assert.deepEqual(await collector.tick(), { rows: 1, blobs: 1 });
  assert.deepEqual(
    (await store.blobs.list(undefined, 9)).map(({ id }) => id),
    [kept],
  );
  assert.deepEqual([await rowCount(store, "trash"), await rowCount(store, "inline")], [0, 1]);
});

test("on a full disk trash goes after a much shorter grace", async () => {
  const { model, clock, records, store, blob, collector } = await open();
  const gone = await blob();
  await commitSettled(store, { put: trashRows(records, { blobs: [gone], rows: [] }, clock.nowMs) });
  clock.nowMs += TRASH_GRACE_FULL_MS;
  assert.deepEqual(await collector.tick(), { rows: 0, blobs: 0 });
  model.setWritable({ kind: "full", freeBytes: 1 });
  assert.deepEqual(await collector.tick(), { rows: 1, blobs: 1 });
});

test("much trash goes in bounded ticks", async () => {
  const { clock, records, store, blob } = await open();
  for (let i = 0; i < 90; i++) {
    await commitSettled(store, { put: trashRows(records, { blobs: [await blob()] }, clock.nowMs, 0) });
  }
  const collector = new Collector(records, { rowsMax: 40 });
  const ticks = [];
  for (let i = 0; i < 4; i++) ticks.push((await collector.tick())?.rows);
  assert.deepEqual(ticks, [40, 40, 10, 0]);
  assert.equal(await blobCount(store), 0);
});

test("an object of many parts is split over rows that fit a commit", async () => {
  const { clock, records, store, collector } = await open();
  const ids = Array.from({ length: 10_000 }, newBlobId);
  const rows = trashRows(records, { blobs: ids }, clock.nowMs, 0);
  assert.equal(rows.length, 10_000 / TRASH_BLOBS_MAX);
  await commitSettled(store, { put: rows });
  assert.deepEqual(await collector.tick(), { rows: 10, blobs: 10_000 });
  assert.deepEqual(trashRows(records, {}, clock.nowMs), []);
});

test("an abandoned intent's blobs go; a renewed one's stay", async () => {
  const { clock, records, store, blob, collector } = await open();
  const [old, renewed] = [await blob(), await blob()];
  const [oldKey, renewedKey] = [newIntentKey(), newIntentKey()];
  await commitSettled(store, {
    put: [
      intentRow(records, oldKey, [old], clock.nowMs),
      intentRow(records, renewedKey, [renewed], clock.nowMs),
    ],
  });
  clock.nowMs += INTENT_AGE_MAX_MS - 1;
  assert.deepEqual(await collector.tick(), { rows: 0, blobs: 0 });
  await commitSettled(store, { put: [intentRow(records, renewedKey, [renewed], clock.nowMs)] });
  clock.nowMs += 1;
  assert.deepEqual(await collector.tick(), { rows: 1, blobs: 1 });
  assert.deepEqual(
    (await store.blobs.list(undefined, 9)).map(({ id }) => id),
    [renewed],
  );
});

test("who publishes after the intent was condemned conflicts", async () => {
  const { clock, records, store, blob, collector } = await open();
  const id = await blob();
  const key = newIntentKey();
  const settled = await commitSettled(store, { put: [intentRow(records, key, [id], clock.nowMs)] });
  assert.ok(settled.kind === "ok");
  clock.nowMs += INTENT_AGE_MAX_MS;
  await collector.tick();
  const late = await commitSettled(store, {
    expect: [{ table: "intent", key, rev: settled.rev }],
    put: [put("published")],
    delete: [{ table: "intent", key }],
  });
  assert.equal(late.kind, "conflict");
});

test("a publication between the collector's look and its condemning wins", async () => {
  const { model, clock, records, store, blob, collector } = await open();
  const id = await blob();
  await commitSettled(store, { put: [intentRow(records, newIntentKey(), [id], clock.nowMs)] });
  clock.nowMs += INTENT_AGE_MAX_MS;
  // The lease's commit goes through; the condemning commit meets a conflict.
  model.inject({ kind: "delay", ms: 0 }, { kind: "conflict" });
  assert.deepEqual(await collector.tick(), { rows: 0, blobs: 0 });
  assert.equal(await blobCount(store), 1);
});

test("a tick that stopped halfway is finished by the next one", async () => {
  const { model, clock, records, store, blob, collector } = await open();
  await commitSettled(store, { put: trashRows(records, { blobs: [await blob()] }, clock.nowMs, 0) });
  // The commit that removes the condemned row is lost.
  model.inject({ kind: "delay", ms: 0 }, { kind: "delay", ms: 0 }, { kind: "unknown", applied: false });
  await collector.tick();
  assert.deepEqual([await blobCount(store), await rowCount(store, "trash")], [0, 1]);
  assert.deepEqual(await collector.tick(), { rows: 1, blobs: 1 });
  assert.equal(await rowCount(store, "trash"), 0);
});

test("one process at a time collects; the lease is free between rounds", async () => {
  const { clock, records, store } = await open();
  await commitSettled(store, { put: [intentRow(records, newIntentKey(), [newBlobId()], clock.nowMs)] });
  const [first, second] = [new Collector(records), new Collector(records)];
  assert.ok(await first.tick());
  assert.ok(await second.tick());
  const backup = await acquireLease(records, COLLECTOR_LEASE, newHolder(), COLLECTOR_LEASE_MS);
  assert.ok(backup);
  assert.equal(await first.tick(), undefined);
  clock.nowMs += COLLECTOR_LEASE_MS;
  assert.ok(await second.tick(), "the holder's time is over");
});

test("damaged intents and trash are passed over and told once; all others go, page by page", async () => {
  const { model, clock, records, store, blob } = await open();
  const seal = async (garbage: Put) => {
    await commitSettled(store, { put: [garbage] });
    return garbage;
  };
  const damage = ({ table, key, value }: Put) => {
    const bytes = new Uint8Array(value);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    model.tamper(table, key, { key, value: bytes as Sealed, rev: newRev() });
  };
  // The damaged rows of a shard come first, and are more than one page.
  const trash: Put[] = [];
  for (let i = 0; i < 200; i++) {
    for (const row of trashRows(records, { blobs: [await blob()] }, clock.nowMs + i, 0)) {
      trash.push(await seal(row));
    }
  }
  const perShard = Map.groupBy(trash, ({ key }) => key[0]);
  const bad = [...perShard.values()].flatMap((rows) => rows.slice(0, 3));
  for (let i = 0; i < 5; i++) {
    bad.push(await seal(intentRow(records, newIntentKey(), [await blob()], clock.nowMs)));
  }
  for (const row of bad) damage(row);
  const told: string[] = [];
  const damaged = new DamagedRows(({ table }) => told.push(table));
  const collector = new Collector(records, { rowsMax: 2, damaged });
  clock.nowMs += INTENT_AGE_MAX_MS;
  await seal(intentRow(records, newIntentKey(), [await blob()], clock.nowMs - INTENT_AGE_MAX_MS));
  for (let tick = 0; tick < 200; tick++) await collector.tick();
  assert.equal(await blobCount(store), bad.length);
  assert.equal((await rowCount(store, "trash")) + (await rowCount(store, "intent")), bad.length);
  assert.equal(told.length, bad.length);
  assert.equal(told.filter((table) => table === "intent").length, 5);
});

test("where nothing is to be collected nothing is written", async () => {
  const { records, store } = await open();
  assert.deepEqual(await new Collector(records).tick(), { rows: 0, blobs: 0 });
  assert.equal(await rowCount(store, "lease"), 0);
});

test("who lost the lease can commit nothing more under it", async () => {
  const { clock, records, store } = await open();
  const [one, other] = [newHolder(), newHolder()];
  const old = await acquireLease(records, COLLECTOR_LEASE, one, 1000);
  assert.ok(old);
  clock.nowMs += 1000;
  const now = await acquireLease(records, COLLECTOR_LEASE, other, 1000);
  assert.ok(now && now.fence === old.fence + 1);
  assert.equal((await commitSettled(store, { expect: [old.expect], put: [put("x")] })).kind, "conflict");
  assert.equal((await commitSettled(store, { expect: [now.expect], put: [put("x")] })).kind, "ok");
  await releaseLease(records, old);
  assert.equal(await acquireLease(records, COLLECTOR_LEASE, one, 1000), undefined);
});

test("a clock that goes back keeps nobody waiting for a dead holder, and takes nothing from a living one", async () => {
  const { clock, records } = await open();
  const [dead, other] = [newHolder(), newHolder()];
  assert.ok(await acquireLease(records, COLLECTOR_LEASE, dead, COLLECTOR_LEASE_MS));
  clock.nowMs -= 3_600_000;
  assert.equal(await acquireLease(records, COLLECTOR_LEASE, other, COLLECTOR_LEASE_MS), undefined);
  clock.nowMs += COLLECTOR_LEASE_MS - 1;
  assert.equal(await acquireLease(records, COLLECTOR_LEASE, other, COLLECTOR_LEASE_MS), undefined);
  clock.nowMs += 1;
  const taken = await acquireLease(records, COLLECTOR_LEASE, other, COLLECTOR_LEASE_MS);
  assert.ok(taken);

  clock.nowMs -= 3_600_000;
  assert.equal(await acquireLease(records, COLLECTOR_LEASE, dead, COLLECTOR_LEASE_MS), undefined);
  const renewed = await acquireLease(records, COLLECTOR_LEASE, other, COLLECTOR_LEASE_MS);
  assert.equal(renewed?.fence, taken.fence);
});

test("further jobs run under the lease", async () => {
  const { records, store } = await open();
  await commitSettled(store, { put: [put("x", "x", "ended")] });
  const fences: number[] = [];
  const job = (lease: { fence: number }) => Promise.resolve(fences.push(lease.fence));
  const collector = new Collector(records, { jobs: [job] });
  assert.deepEqual(await collector.tick(), { rows: 1, blobs: 0 });
  assert.deepEqual(fences, [1]);
});
