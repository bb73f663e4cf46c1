import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, stat, symlink, unlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { IntegrityError, ServiceError } from "../../base/errors.ts";
import { newBlobId, newRev } from "../../base/ids.ts";
import { acquireLease, newHolder } from "../lease.ts";
import { COLLECTOR_LEASE, Collector } from "../collector.ts";
import { at, blobId, chunks, collect, commitOk, put, text } from "../conformance/home.ts";
import { hexOf } from "../key-order.ts";
import { openTestRecords } from "../test-keyring.ts";
import { backupLocal } from "./backup.ts";
import { FailStop, isStoreFailure } from "./fail-stop.ts";
import { closeFile } from "./file.ts";
import { blobsDirectory, type LocalStore } from "./open.ts";
import { openLocalStore } from "./open.ts";
import { Shard } from "./shard.ts";
import { reserveBytes } from "./space.ts";
import { openHomeAt } from "./test-home.ts";

async function place(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "strongroom-local-"));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}
async function open(t: TestContext, directory: string): Promise<LocalStore> {
  const store = await openHomeAt(directory);
  t.after(() => store.close());
  return store;
}
const HOME = join(import.meta.dirname, "test-home.ts");
const COUNTER = join(import.meta.dirname, "../conformance/child.ts");
const coded = (code: string) => (error: unknown) => error instanceof ServiceError && error.code === code;

test("its files are their owner's alone", async (t) => {
  const directory = await place(t);
  const store = await openLocalStore({ directory, onFatal: assert.fail, reserveBytes: 0 });
  t.after(() => store.close());
  const id = blobId(1, 1);
  await store.blobs.put(id, chunks(text("blob")), 4);
  const entries = await readdir(directory, { recursive: true });
  assert.ok(entries.length > 4, String(entries));
  for (const name of entries) {
    const { mode } = await stat(join(directory, name));
    assert.equal(mode & 0o077, 0, name);
  }
});

test("a blob that can't be read is damaged, and no reason to stop writing: also where it is copied", async (t) => {
  const directory = await place(t);
  const store = await openLocalStore({ directory, onFatal: assert.fail, reserveBytes: 0 });
  t.after(() => store.close());
  const id = blobId(5, 5);
  // Its first page is never mapped: reading there is EIO, as of a bad sector.
  await symlink("/proc/self/mem", join(blobsDirectory(directory), "05", hexOf(id)));
  for (const size of [16, 1_000_000])
    await assert.rejects(collect(store.blobs.get(id, 0, size)), IntegrityError);
  await assert.rejects(store.blobs.put(blobId(6, 6), store.blobs.get(id, 0, 16), 16), IntegrityError);
  assert.equal(store.writable().kind, "ok");
  await store.blobs.put(blobId(6, 6), chunks(text("blob")), 4);
});

test("what was committed is there after closing and opening again", async (t) => {
  const directory = await place(t);
  const first = await openHomeAt(directory);
  const rev = await commitOk(first, { put: [put("a", "kept")] });
  const id = newBlobId();
  await first.blobs.put(id, chunks(text("blob")), 4);
  await first.close();
  const again = await open(t, directory);
  assert.deepEqual((await again.get([at("a")]))[0]?.rev, rev);
  assert.deepEqual(await collect(again.blobs.get(id, 0, 4)), text("blob"));
});

test("a failed blob leaves no file, temporary or not", async (t) => {
  const directory = await place(t);
  const store = await open(t, directory);
  const id = blobId(7, 7);
  async function* cut(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1_000_000);
    await Promise.resolve();
    throw new RangeError("cut");
  }
  await assert.rejects(store.blobs.put(id, cut(), undefined), RangeError);
  await assert.rejects(store.blobs.put(id, chunks(text("abc")), 4));
  assert.deepEqual(await readdir(join(blobsDirectory(directory), "07")), []);
});

test("only old temporary files are leftovers", async (t) => {
  const directory = await place(t);
  const store = await open(t, directory);
  const shard = join(blobsDirectory(directory), "00");
  const [old, young] = [0, 1].map((n) => `${hexOf(blobId(0, n))}.${hexOf(newBlobId())}.tmp`);
  for (const name of [old, young]) await writeFile(join(shard, name ?? ""), "half");
  await utimes(join(shard, old ?? ""), 1000, 1000);
  await store.blobs.put(blobId(0, 5), chunks(text("whole")), 5);
  assert.equal(await store.removeLeftovers(Date.now() - 3600_000), 1);
  assert.deepEqual(new Set(await readdir(shard)), new Set([young, hexOf(blobId(0, 5))]));
});

test("a temporary file removed under its writer fails the write, and nothing is acknowledged", async (t) => {
  const directory = await place(t);
  const store = await open(t, directory);
  const shard = join(blobsDirectory(directory), "09");
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield text("first");
    for (const name of await readdir(shard)) await unlink(join(shard, name));
    yield text("second");
  }
  await assert.rejects(store.blobs.put(blobId(9, 9), slow(), undefined));
  assert.deepEqual(await store.blobs.list(undefined, 9), []);
  assert.equal(store.writable().kind, "ok");
});

test("an event sees what another process had acknowledged before it, however long the one before took", async (t) => {
  const directory = await place(t);
  const store = await open(t, directory);
  // Two messages that wait are handed on one after the other, with neither timers nor immediates between them.
  const channels = [new MessageChannel(), new MessageChannel()];
  // An open port keeps the process, however this test ends.
  t.after(() => channels.forEach(({ port1 }) => port1.close()));
  const seen: (string | undefined)[] = [];
  await new Promise<void>((resolve, reject) => {
    const look = async (): Promise<void> => {
      const [row] = await store.get([at("counter")]);
      seen.push(row && Buffer.from(row.value).toString());
      if (seen.length === channels.length) resolve();
      else execFileSync(process.execPath, [COUNTER, HOME, directory, "counter", "1"]);
    };
    for (const { port2 } of channels) port2.onmessage = () => void look().catch(reject);
    for (const { port1 } of channels) port1.postMessage("");
  });
  assert.deepEqual(seen, [undefined, "1"]);
});

test("a nearly full disk is told, and stops a large blob midway", async (t) => {
  const directory = await place(t);
  const store = await openLocalStore({
    directory,
    onFatal: assert.fail,
    reserveBytes: Number.MAX_SAFE_INTEGER,
  });
  t.after(() => store.close());
  assert.equal(store.writable().kind, "full");
  const big = chunks(...Array.from({ length: 20 }, () => new Uint8Array(100_000)));
  await assert.rejects(store.blobs.put(blobId(1, 1), big, undefined), coded("InsufficientStorage"));
  assert.deepEqual(await readdir(join(blobsDirectory(directory), "01")), []);
  // Deletes and the small commits that make room go on.
  await commitOk(store, { delete: [at("x")] });
});

test("the reserve: at least 1 GiB or 5 %, at most 10 GiB or 10 %", () => {
  const gib = 1024 ** 3;
  assert.equal(reserveBytes(100 * gib), 5 * gib);
  assert.equal(reserveBytes(12 * gib), gib);
  assert.equal(reserveBytes(0.5 * gib), 0.05 * gib);
  assert.equal(reserveBytes(10_000 * gib), 10 * gib);
});

test("fail-stop: told once, and every later write is refused", () => {
  const told: Error[] = [];
  const failStop = new FailStop((cause) => told.push(cause));
  failStop.assertFit();
  assert.ok(coded("ServiceUnavailable")(failStop.fail(new Error("first"))));
  failStop.fail(new Error("second"));
  assert.deepEqual(
    told.map((e) => e.message),
    ["first"],
  );
  assert.throws(() => failStop.assertFit(), coded("ServiceUnavailable"));
});

test("lmdb's second report of a failure is told from other errors", () => {
  assert.ok(isStoreFailure(Object.assign(new Error("Input/output error"), { code: 5 })));
  assert.ok(isStoreFailure(new Error("Commit failed (see commitError for details)")));
  assert.ok(isStoreFailure(new Error("MDB_PANIC: Update of meta page failed")));
  assert.ok(!isStoreFailure(Object.assign(new Error("no such file"), { code: "ENOENT" })));
  assert.ok(!isStoreFailure(new TypeError("x is not a function")));
  assert.ok(!isStoreFailure("Commit failed"));
});

test("callers share directory syncs, and none shares one that began before its rename", async (t) => {
  const shard = new Shard(await place(t));
  const first = shard.sync();
  const [second, third] = [shard.sync(), shard.sync()];
  assert.notEqual(first, second);
  assert.equal(second, third);
  let secondDone = false;
  void second.then(() => (secondDone = true));
  await first;
  assert.ok(!secondDone);
  await Promise.all([second, shard.sync()]);
});

test("a shard whose directory could not be opened once is opened by the next sync", async (t) => {
  const path = join(await place(t), "shard");
  const shard = new Shard(path);
  const syncs = [shard.sync(), shard.sync()];
  await Promise.all(syncs.map((sync) => assert.rejects(sync, { code: "ENOENT" })));
  assert.equal(await shard.descriptor, undefined);
  await mkdir(path);
  await shard.sync();
  const fd = await shard.descriptor;
  assert.ok(fd !== undefined);
  await closeFile(fd);
});

test("a backup made under load is whole: every row's blob is there", async (t) => {
  const directory = await place(t);
  const target = join(await place(t), "copy");
  const store = await open(t, directory);
  const { records, root } = await openTestRecords(store);
  let going = true;
  const writer = async (first: number): Promise<void> => {
    for (let n = 0; going && n < 250; n++) {
      const id = blobId(first, n);
      await store.blobs.put(id, chunks(id), 16);
      await commitOk(store, { put: [put(id, "row", "head")] });
    }
  };
  const writers = [1, 2, 3].map(writer);
  await new Promise((done) => setTimeout(done, 30));
  const lease = await acquireLease(records, COLLECTOR_LEASE, newHolder(), 60_000);
  assert.ok(lease);
  const meanwhile = await new Collector(records).tick();
  assert.equal(meanwhile?.rows ?? 0, 0, "the collector stands still meanwhile");
  const report = await backupLocal(store, target);
  going = false;
  await Promise.all(writers);
  const copy = await open(t, target);
  const { rows } = await copy.scan({ table: "head", from: new Uint8Array(), limit: 10_000 });
  assert.ok(rows.length > 0);
  assert.equal(report.rows.head, rows.length);
  const ids = new Set((await copy.blobs.list(undefined, 10_000)).map(({ id }) => hexOf(id)));
  for (const { key } of rows) assert.ok(ids.has(hexOf(key)));
  assert.ok(await openTestRecords(copy, root), "the keyring opens under the same root key");
  await assert.rejects(backupLocal(store, target), /not empty/);
});

test("a commit after a failed one never sees half of it", async (t) => {
  const store = await open(t, await place(t));
  const bad = { id: newRev(), put: [put("h1"), put("h2", new Uint8Array(70_000))] };
  const results = await Promise.allSettled([store.commit(bad), commitOk(store, { put: [put("h3")] })]);
  assert.deepEqual(
    results.map((r) => r.status),
    ["rejected", "fulfilled"],
  );
  assert.deepEqual(await store.get([at("h1"), at("h2")]), [undefined, undefined]);
});
