/**
 * The process dies at every single commit of an upload's life, before or after that commit took effect; its answers are
 * lost; others complete, abort and overwrite at the same time. What was answered holds, and nothing half-made shows.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../base/errors.ts";
import { Collector } from "../../store/collector.ts";
import { openTestHome } from "../../store/local/test-home.ts";
import { MemoryModel } from "../../store/memory/model.ts";
import type { Store } from "../../store/port.ts";
import { Records } from "../../store/records.ts";
import type { Bucket, CompletePart } from "../api.ts";
import { makeCore, Objects } from "../service.ts";
import { pattern, readInput, bytesOf, refused, ssec } from "../test-world.ts";
import { EndedUploads } from "./jobs.ts";
import {
  alice,
  Client,
  headersWith,
  listed,
  makeUploads,
  type UploadsWorld,
  uploadsOver,
} from "./test-uploads.ts";

const PART_MIN = 4;
const MANY = 20;

interface Dying {
  /** Commits that were tried. */
  commits: number;
}

/** Another process over the same store, which dies at its nth commit. */
function processOver(world: UploadsWorld, dying: Dying, at: number, applied: boolean): UploadsWorld {
  const store: Store = {
    ...world.store,
    commit: async (commit) => {
      const n = dying.commits++;
      if (n < at) return world.store.commit(commit);
      if (n === at && applied) await world.store.commit(commit);
      throw new Error("crash");
    },
  };
  const { keyring } = world;
  const core = makeCore({
    records: new Records(store, keyring),
    keyring: { current: () => keyring, reload: () => Promise.resolve(keyring) },
    kms: world.kms,
  });
  return { ...world, core, objects: new Objects(core), uploads: uploadsOver({ core }, PART_MIN) };
}

const read = async (world: UploadsWorld, bucket: Bucket, key: string): Promise<Uint8Array> =>
  bytesOf(await world.objects.get(alice, bucket, readInput(key)));

async function begun(parts: number): Promise<{
  world: UploadsWorld;
  bucket: Bucket;
  client: Client;
  list: readonly CompletePart[];
  whole: Uint8Array;
}> {
  const world = await makeUploads(new MemoryModel().open(), PART_MIN);
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  const bytes = Array.from({ length: parts }, (_, i) => pattern(PART_MIN + i, i + 1));
  const list: CompletePart[] = [];
  for (const [i, part] of bytes.entries()) list.push(listed(i + 1, await client.put(i + 1, part)));
  return { world, bucket, client, list, whole: new Uint8Array(Buffer.concat(bytes)) };
}

/** All rows and blobs that belong to uploads and objects, after the collector has had its time. */
async function leftovers(world: UploadsWorld): Promise<Record<string, number>> {
  const ended = new EndedUploads(world.core);
  const collector = new Collector(world.core.records, { jobs: [(lease) => ended.collect(lease)] });
  for (let i = 0; i < 4; i++) await collector.tick();
  const counts: Record<string, number> = { blobs: (await world.store.blobs.list(undefined, 1000)).length };
  for (const table of ["part", "page", "upload", "head", "inline"] as const) {
    const { rows } = await world.store.scan({ table, from: new Uint8Array(), limit: 1000 });
    counts[table] = rows.length;
  }
  return counts;
}

for (const parts of [2, MANY]) {
  test(`a Complete of ${parts} parts cut at any commit is taken up by the next one`, async () => {
    let cuts = 0;
    for (let at = 0; ; at++) {
      let finished = false;
      for (const applied of [false, true]) {
        const { world, bucket, client, list, whole } = await begun(parts);
        const dying = { commits: 0 };
        const other = processOver(world, dying, at, applied);
        const cut = new Client(other, bucket, "k", client.uploadId, client.ssec);
        const [first] = await Promise.allSettled([cut.complete(list)]);
        finished = first.status === "fulfilled";
        if (!finished) {
          cuts++;
          const before = await read(world, bucket, "k").catch((error: unknown) => error);
          if (before instanceof Uint8Array) assert.deepEqual(before, whole);
          else assert.ok(before instanceof ServiceError && before.code === "NoSuchKey");
        }
        const done = await client.complete(list);
        assert.equal(done.size, whole.length);
        assert.deepEqual(await read(world, bucket, "k"), whole);
        const pages = parts > 16 ? 2 : 0;
        const left = await leftovers(world);
        assert.deepEqual(left, { blobs: parts, part: 0, page: pages, upload: 0, head: 1, inline: 0 });
        assert.deepEqual(await client.complete(list), done);
      }
      if (finished) break;
    }
    assert.ok(cuts >= (parts > 16 ? 6 : 4));
  });
}

test("a Complete cut at any commit leaves an upload that can be aborted, and nothing stays", async () => {
  for (let at = 0; at < 3; at++) {
    const { world, bucket, client, list } = await begun(MANY);
    const other = processOver(world, { commits: 0 }, at, false);
    const cut = new Client(other, bucket, "k", client.uploadId, client.ssec);
    await assert.rejects(cut.complete(list), /crash/);
    await client.abort();
    await assert.rejects(client.complete(list), refused("NoSuchUpload"));
    const left = await leftovers(world);
    assert.deepEqual(left, { blobs: 0, part: 0, page: 0, upload: 0, head: 0, inline: 0 });
  }
});

test("a part cut at any commit is there whole or not at all; the former attempt holds until then", async () => {
  for (let at = 0; at < 2; at++) {
    for (const applied of [false, true]) {
      const { world, bucket, client, list } = await begun(1);
      const other = processOver(world, { commits: 0 }, at, applied);
      const cut = new Client(other, bucket, "k", client.uploadId, client.ssec);
      await assert.rejects(cut.put(1, pattern(50, 9)), /crash/);
      const page = { ...client.target, after: 0, max: 10, ssec: client.ssec };
      const { parts } = await world.uploads.listParts(alice, bucket, page);
      const replaced = at === 1 && applied;
      assert.deepEqual(
        parts.map(({ size }) => size),
        [replaced ? 50 : PART_MIN],
      );
      const etag = parts[0]?.etag ?? "";
      assert.equal(etag === list[0]?.etag, !replaced);
      await client.complete([{ partNumber: 1, etag }]);
      assert.deepEqual(await read(world, bucket, "k"), replaced ? pattern(50, 9) : pattern(PART_MIN, 1));
    }
  }
});

test("lost answers, whether or not the commit took effect, end well", async () => {
  for (const applied of [false, true]) {
    for (let at = 0; at < 5; at++) {
      const model = new MemoryModel();
      const world = await makeUploads(model.open(), PART_MIN);
      const bucket = await world.bucket();
      const client = await Client.begin(world, bucket, "k", { encryption: headersWith(ssec(0)) });
      const part = listed(1, await client.put(1, pattern(9, 1)));
      const wait = Array.from({ length: at }, () => ({ kind: "delay", ms: 0 }) as const);
      model.inject(...wait, { kind: "unknown", applied });
      const second = listed(2, await client.put(2, pattern(9, 2)));
      const done = await client.complete([part, second]);
      assert.equal(done.size, 18);
      assert.deepEqual(await client.complete([part, second]), done);
      assert.deepEqual(await client.read(), new Uint8Array(Buffer.concat([pattern(9, 1), pattern(9, 2)])));
    }
  }
});

test("of aborts at once one succeeds; one whose answer was lost has not lost", async () => {
  for (const faults of [
    [],
    [{ kind: "unknown", applied: true }],
    [{ kind: "unknown", applied: false }],
  ] as const) {
    for (const callers of [1, 12]) {
      const model = new MemoryModel();
      const world = await makeUploads(model.open(), PART_MIN);
      const client = await Client.begin(world, await world.bucket(), "k");
      model.inject(...faults);
      const outcomes = await Promise.allSettled(Array.from({ length: callers }, () => client.abort()));
      const won = outcomes.filter(({ status }) => status === "fulfilled");
      for (const outcome of outcomes)
        if (outcome.status === "rejected") refused("NoSuchUpload")(outcome.reason);
      // A lost answer that did not land, and another's abort, can't be told apart.
      assert.ok(won.length === 1 || (won.length === 2 && faults[0]?.applied === false), String(won.length));
      await assert.rejects(client.abort(), refused("NoSuchUpload"));
    }
  }
});

test("Complete, Complete of another list, Abort and parts at once: one outcome, and it holds", async () => {
  for (let round = 0; round < 40; round++) {
    const { world, bucket, client, list, whole } = await begun(round % 2 === 0 ? 3 : MANY);
    const one = new Client(world, bucket, "k", client.uploadId, client.ssec);
    const steps = [
      () => one.complete(list),
      () => one.complete(list),
      () => one.complete(list.slice(0, 2)),
      () => one.abort().then(() => "aborted" as const),
      () => one.put(1, pattern(PART_MIN + 1, 77)).then(() => "part" as const),
    ];
    const order = steps.toSorted(() => (pattern(1, round)[0] ?? 0) - 128);
    const outcomes = await Promise.allSettled(order.map((step) => step()));
    const sizes = new Set<number>();
    let aborted = false;
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") {
        assert.ok(outcome.reason instanceof ServiceError, String(outcome.reason));
        assert.ok(
          ["NoSuchUpload", "OperationAborted", "InvalidPart"].includes(outcome.reason.code),
          outcome.reason.code,
        );
      } else if (outcome.value === "aborted") aborted = true;
      else if (outcome.value !== "part") sizes.add(outcome.value.size);
    }
    assert.ok(sizes.size + (aborted ? 1 : 0) <= 1, "at most one of them ends the upload");
    const found = await read(world, bucket, "k").catch(() => undefined);
    assert.equal(found?.length, [...sizes][0]);
    if (found?.length === whole.length) assert.deepEqual(found, whole);
    // Neither ended it only if every Complete met the new part or the other list.
    if (!aborted && sizes.size === 0) await client.abort();
    const left = await leftovers(world);
    const [used] = sizes.size === 0 ? [0] : [found?.length === whole.length ? list.length : 2];
    assert.equal(left["blobs"], used);
    assert.equal(left["part"], 0);
  }
});

test("overwrites and Completes of one key at once: the last one stands, and nothing else is left", async () => {
  const world = await makeUploads(new MemoryModel().open(), PART_MIN);
  const bucket = await world.bucket();
  const sizes = [5, 6, 7, 8];
  await Promise.all(
    sizes.map(async (size) => {
      const client = await Client.begin(world, bucket, "k");
      await client.all([pattern(size, size), pattern(size, size)]);
    }),
  );
  const found = await read(world, bucket, "k");
  const half = found.length / 2;
  assert.deepEqual(found.slice(0, half), pattern(half, half));
  const left = await leftovers(world);
  assert.deepEqual([left["part"], left["upload"], left["head"]], [0, 0, 1]);
});

test("two processes on one directory complete one upload at once: both get the one answer", async () => {
  const home = await openTestHome();
  try {
    const world = await makeUploads(home.store, PART_MIN);
    const other = await home.another();
    const { keyring } = world;
    const core = makeCore({
      records: new Records(other, keyring),
      keyring: { current: () => keyring, reload: () => Promise.resolve(keyring) },
      kms: world.kms,
    });
    const second = { ...world, core, objects: new Objects(core), uploads: uploadsOver({ core }, PART_MIN) };
    const bucket = await world.bucket({ versioning: "enabled" });
    for (let round = 0; round < 5; round++) {
      const client = await Client.begin(world, bucket, "k");
      const list: CompletePart[] = [];
      for (let n = 1; n <= MANY; n++) list.push(listed(n, await client.put(n, pattern(PART_MIN, n))));
      const there = new Client(second, bucket, "k", client.uploadId, client.ssec);
      const [one, two] = await Promise.all([client.complete(list), there.complete(list)]);
      assert.deepEqual(one, two);
      assert.deepEqual(await there.read(), await client.read());
    }
    const input = { prefix: "", delimiter: "", keyMarker: "", afterIsGroup: false, max: 100 };
    assert.equal((await world.objects.listVersions(bucket, input)).items.length, 5);
  } finally {
    await home.dispose();
  }
});
