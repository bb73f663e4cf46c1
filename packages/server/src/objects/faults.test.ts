/**
 * Lost answers, lost races and concurrent writers: what is acknowledged holds, nothing is half there, nothing leaks. A
 * naive model of a key's versions is the reference.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../base/errors.ts";
import { newBlobId, newRev } from "../base/ids.ts";
import { INTENT_AGE_MAX_MS } from "../base/limits.ts";
import { Collector } from "../store/collector.ts";
import { type Fault, MemoryModel } from "../store/memory/model.ts";
import type { WriteState } from "../store/port.ts";
import { openTestRecords } from "../store/test-keyring.ts";
import { garbageCodec } from "../store/trash.ts";
import type { Bucket } from "./api.ts";
import { Intent } from "./content/intent.ts";
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
  testCaller,
  type World,
} from "./test-world.ts";
import { verifyVersions } from "./verify.ts";

const alice = testCaller();
const KEYS = ["a", "b"];

interface Op {
  readonly kind: "put" | "delete" | "delete-version" | "copy" | "tags";
  readonly key: string;
  readonly other: string;
  readonly large: boolean;
  readonly versioning: Bucket["versioning"];
  readonly pick: number;
  readonly faults: readonly Fault[];
}

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant<Fault>({ kind: "conflict" }),
  fc.constant<Fault>({ kind: "unknown", applied: true }),
  fc.constant<Fault>({ kind: "unknown", applied: false }),
);
const op: fc.Arbitrary<Op> = fc.record({
  kind: fc.constantFrom("put", "put", "delete", "delete-version", "copy", "tags"),
  key: fc.constantFrom(...KEYS),
  other: fc.constantFrom(...KEYS),
  large: fc.boolean(),
  versioning: fc.constantFrom<Bucket["versioning"]>("enabled", "suspended"),
  pick: fc.nat(5),
  faults: fc.array(fault, { maxLength: 2 }),
});

/** Newest first. `null`: the null version. */
interface ModelVersion {
  readonly id: string;
  readonly bytes: Uint8Array | undefined;
}

class Model {
  readonly keys = new Map<string, ModelVersion[]>();
  versions(key: string): ModelVersion[] {
    return this.keys.get(key) ?? [];
  }
  insert(key: string, version: ModelVersion): void {
    const kept = this.versions(key).filter(({ id }) => version.id !== "null" || id !== "null");
    this.keys.set(key, [version, ...kept]);
  }
  remove(key: string, id: string): void {
    this.keys.set(
      key,
      this.versions(key).filter((v) => v.id !== id),
    );
  }
}

async function apply(world: World, plain: Bucket, model: Model, step: Op, seed: number): Promise<void> {
  const bucket = { ...plain, versioning: step.versioning };
  world.model?.inject(...step.faults);
  const { key } = putInput(step.key);
  switch (step.kind) {
    case "put": {
      const bytes = pattern(step.large ? 40_000 : 20, seed);
      const put = await world.objects.put(alice, bucket, putInput(step.key), bodyOf(bytes));
      model.insert(step.key, { id: put.versionId ?? "null", bytes });
      return;
    }
    case "delete": {
      const gone = await world.objects.delete(alice, bucket, { key });
      model.insert(step.key, { id: gone.versionId ?? "null", bytes: undefined });
      return;
    }
    case "delete-version": {
      const list = model.versions(step.key);
      const chosen = list[step.pick % Math.max(1, list.length)];
      if (chosen === undefined) return;
      await world.objects.delete(alice, bucket, { key, versionId: chosen.id });
      model.remove(step.key, chosen.id);
      return;
    }
    case "copy": {
      const [source] = model.versions(step.other);
      const input = {
        source: { bucket, key: putInput(step.other).key, ssec: NO_SSEC, conditions: {} },
        key,
        encryption: PLAIN,
        conditions: {},
        changesPlacement: true,
      };
      const copy = world.objects.copy(alice, bucket, input);
      if (source?.bytes === undefined) {
        await assert.rejects(copy, refused("NoSuchKey"));
        return;
      }
      model.insert(step.key, { id: (await copy).versionId ?? "null", bytes: source.bytes });
      return;
    }
    case "tags": {
      const [current] = model.versions(step.key);
      const tags = [{ key: "n", value: String(seed) }];
      const put = world.objects.putTags(alice, bucket, key, undefined, tags);
      if (current?.bytes === undefined) {
        await assert.rejects(put, refused(current === undefined ? "NoSuchKey" : "MethodNotAllowed"));
      } else {
        await put;
        assert.deepEqual((await world.objects.getTags(bucket, key, undefined)).tags, tags);
      }
      return;
    }
  }
}

async function check(world: World, plain: Bucket, model: Model): Promise<void> {
  const bucket = { ...plain, versioning: "enabled" as const };
  // A fault that no commit has met must not meet one here.
  const found = new Map<string, string[]>();
  let stored = 0;
  for await (const verified of verifyVersions(world.core, { deep: true })) {
    assert.deepEqual(verified.problems, []);
    found.set(verified.key, [...(found.get(verified.key) ?? []), verified.versionId ?? ""]);
    stored++;
  }
  let expected = 0;
  for (const key of KEYS) {
    const versions = model.versions(key);
    expected += versions.length;
    assert.deepEqual(found.get(key)?.toSorted() ?? [], versions.map(({ id }) => id).toSorted());
    for (const [i, { id, bytes }] of versions.entries()) {
      for (const read of i === 0
        ? [readInput(key), readInput(key, { versionId: id })]
        : [readInput(key, { versionId: id })]) {
        const get = world.objects.get(alice, bucket, read);
        if (bytes !== undefined) assert.deepEqual(await bytesOf(await get), bytes);
        else await assert.rejects(get, ServiceError);
      }
    }
  }
  assert.equal(stored, expected);
}

test("random operations with lost answers and lost races match the model", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 1, maxLength: 25 }), async (steps) => {
      const world = await makeWorld();
      const bucket = await world.bucket();
      // The epoch key is made first, so that faults meet the operations themselves.
      await world.objects.put(alice, bucket, putInput("first"), bodyOf(pattern(1)));
      await world.objects.delete(alice, bucket, { key: putInput("first").key });
      const model = new Model();
      for (const [i, step] of steps.entries()) await apply(world, bucket, model, step, i + 1);
      await check(world, bucket, model);
      await noLeak(world);
    }),
    { numRuns: Number(process.env["STRONGROOM_RUNS"] ?? 60) },
  );
});

/** After the collector has been, every stream belongs to a version. */
async function noLeak(world: World): Promise<void> {
  world.model?.setClock(() => Date.now() + 3 * 3_600_000);
  const collector = new Collector(world.core.records);
  // Faults that no operation has met meet the collector.
  for (let i = 0; i < 60; i++) await collector.tick();
  const referenced = new Set<string>();
  let inlineReferenced = 0;
  const contents = new Set<string>();
  for await (const { blobs, key, versionId, storedBytes } of verifyVersions(world.core)) {
    for (const blob of blobs) referenced.add(Buffer.from(blob).toString("hex"));
    if (blobs.length === 0 && storedBytes > 0) inlineReferenced++;
    contents.add(`${key}/${versionId ?? ""}`);
  }
  const blobs = await world.store.blobs.list(undefined, 1000);
  assert.deepEqual(
    blobs.map(({ id }) => Buffer.from(id).toString("hex")).filter((id) => !referenced.has(id)),
    [],
  );
  const inline = await world.store.scan({ table: "inline", from: new Uint8Array(), limit: 1000 });
  assert.ok(inline.rows.length <= inlineReferenced, "an inline stream that no version refers to");
  for (const table of ["intent", "trash"] as const) {
    const left = await world.store.scan({ table, from: new Uint8Array(), limit: 10 });
    assert.equal(left.rows.length, 0, table);
  }
}

test("parallel writers of one key in two processes: all land, one is current, none is lost", async () => {
  const world = await makeWorld();
  const plain = await world.bucket();
  const second = await makeWorld(world.store, world);
  const enabled = { ...plain, versioning: "enabled" as const };
  for (const bucket of [plain, enabled]) {
    const puts = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 === 0 ? world : second).objects.put(
          alice,
          bucket,
          putInput("k"),
          bodyOf(pattern(i % 3 === 0 ? 40_000 : 10, i)),
        ),
      ),
    );
    const current = await world.objects.get(alice, bucket, readInput("k"));
    await bytesOf(current);
    assert.ok(puts.some(({ etag }) => etag === current.facts.etag));
    for (const { versionId } of puts) {
      if (versionId === undefined) continue;
      await bytesOf(await second.objects.get(alice, bucket, readInput("k", { versionId })));
    }
  }
  await noLeak(world);
});

test("If-None-Match: * has one winner among many; If-Match and missing keys", async () => {
  const world = await makeWorld();
  const bucket = await world.bucket();
  const once = putInput("k", { conditions: { ifNoneMatch: "*" } });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, () => world.objects.put(alice, bucket, once, bodyOf(pattern(5)))),
  );
  const won = outcomes.filter(({ status }) => status === "fulfilled");
  assert.equal(won.length, 1);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") refused("PreconditionFailed")(outcome.reason);
  }
  const put = (ifMatch: string, key = "k"): Promise<unknown> =>
    world.objects.put(alice, bucket, putInput(key, { conditions: { ifMatch } }), bodyOf(pattern(6)));
  await assert.rejects(put("other"), refused("PreconditionFailed"));
  await assert.rejects(put("other", "missing"), refused("NoSuchKey"));
  await put("*");
  const { etag } = (await world.objects.head(alice, bucket, readInput("k"))).facts;
  await put(etag);
  const other = putInput("k", { conditions: { ifNoneMatch: etag } });
  await assert.rejects(
    world.objects.put(alice, bucket, other, bodyOf(pattern(1))),
    refused("NotImplemented"),
  );
  const gone = { key: once.key, ifMatch: "other" };
  await assert.rejects(world.objects.delete(alice, bucket, gone), refused("PreconditionFailed"));
  await world.objects.delete(alice, bucket, { ...gone, ifMatch: "*" });
});

test("overwritten and deleted while it is read: whole and right, or gone; never a mixture", async () => {
  const world = await makeWorld();
  const bucket = await world.bucket();
  const sizes = [100, 150_000];
  for (const size of sizes) {
    await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(size, 1)));
    let running = true;
    const writer = (async () => {
      try {
        for (let i = 2; i < 60; i++) {
          if (i % 7 === 0) await world.objects.delete(alice, bucket, { key: putInput("k").key });
          await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(size, i)));
        }
      } finally {
        running = false;
      }
    })();
    let reads = 0;
    while (running) {
      const found = await world.objects.get(alice, bucket, readInput("k")).catch((error: unknown) => {
        refused("NoSuchKey")(error);
        return undefined;
      });
      await new Promise((done) => setImmediate(done));
      if (found === undefined) continue;
      const bytes = await bytesOf(found);
      const match = Array.from({ length: 60 }, (_, i) => pattern(size, i)).some(
        (candidate) => Buffer.compare(candidate, bytes) === 0,
      );
      assert.ok(match);
      reads++;
    }
    await writer;
    assert.ok(reads > 0);
  }
});

test("a body that fails, is short or has another digest leaves nothing", async () => {
  const world = await makeWorld();
  const bucket = await world.bucket();
  const failing = {
    ...bodyOf(pattern(100_000)),
    async *stream() {
      yield pattern(50_000);
      throw new ServiceError("IncompleteBody");
    },
  };
  await assert.rejects(world.objects.put(alice, bucket, putInput("k"), failing), refused("IncompleteBody"));
  for (const size of [100, 100_000]) {
    const integrity = { contentMd5: new Uint8Array(16) };
    const put = world.objects.put(alice, bucket, putInput("k", { integrity }), bodyOf(pattern(size)));
    await assert.rejects(put, refused("BadDigest"));
  }
  const conditions = { ifMatch: "x" };
  const put = world.objects.put(alice, bucket, putInput("k", { conditions }), bodyOf(pattern(100_000)));
  await assert.rejects(put, refused("NoSuchKey"));
  await assert.rejects(world.objects.get(alice, bucket, readInput("k")), refused("NoSuchKey"));
  await noLeak(world);
  assert.deepEqual(await world.store.blobs.list(undefined, 10), []);
});

test("the null version is found while it becomes the current one", async () => {
  const store = new MemoryModel().open();
  let before: () => Promise<unknown> = () => Promise.resolve();
  const world = await makeWorld({
    ...store,
    get: async (keys) => {
      if (keys.some(({ table }) => table === "version")) {
        const change = before;
        before = () => Promise.resolve();
        await change();
      }
      return store.get(keys);
    },
  });
  const bucket = await world.bucket();
  await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(7)));
  const enabled = { ...bucket, versioning: "enabled" as const };
  const { versionId = "" } = await world.objects.put(alice, enabled, putInput("k"), bodyOf(pattern(8)));
  before = () => world.objects.delete(alice, enabled, { key: putInput("k").key, versionId });
  const found = await world.objects.get(alice, enabled, readInput("k", { versionId: "null" }));
  assert.deepEqual(await bytesOf(found), pattern(7));
});

test("a renewal without an answer holds if it landed, is tried again if not, and takes no other's row for its own", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_800_000_000_000 });
  const model = new MemoryModel();
  const { records } = await openTestRecords(model.open());
  const intents = async () =>
    (await records.store.scan({ table: "intent", from: new Uint8Array(), limit: 9 })).rows;
  const renewed = async (fault: Fault, meanwhile?: () => Promise<unknown>): Promise<Intent> => {
    const intent = await Intent.begin(records, [newBlobId()]);
    const chunks = async function* () {
      for (let i = 0; i < 3; i++) {
        t.mock.timers.tick(INTENT_AGE_MAX_MS / 3);
        if (i === 0) {
          model.inject(fault);
          await meanwhile?.();
        }
        yield pattern(1);
      }
    };
    for await (const chunk of intent.renewing(chunks())) assert.equal(chunk.length, 1);
    return intent;
  };
  for (const applied of [true, false]) {
    const intent = await renewed({ kind: "unknown", applied });
    const [row] = await intents();
    assert.ok(row !== undefined);
    const { dueMs } = (await records.open(garbageCodec, "intent", row)).value;
    assert.equal(dueMs, Date.now() + INTENT_AGE_MAX_MS);
    await intent.abandon(false);
    assert.deepEqual(await intents(), []);
  }
  const condemn = async (): Promise<void> => {
    const [row] = await intents();
    assert.ok(row !== undefined);
    const { value } = await records.open(garbageCodec, "intent", row, false);
    const put = records.seal(garbageCodec, "intent", row.key, { ...value, condemned: true });
    model.tamper("intent", row.key, { key: row.key, value: put.value, rev: newRev() });
  };
  await assert.rejects(renewed({ kind: "unknown", applied: false }, condemn), refused("RequestTimeout"));
});

test("an intent whose upload was condemned meanwhile cannot publish", async () => {
  const world = await makeWorld();
  const bucket = await world.bucket();
  await world.objects.put(alice, bucket, putInput("first"), bodyOf(pattern(1)));
  let stalled = false;
  const body = {
    ...bodyOf(pattern(100_000)),
    async *stream() {
      yield pattern(100_000);
      world.model?.setClock(() => Date.now() + 24 * 3_600_000);
      await new Collector(world.core.records).tick();
      stalled = true;
    },
  };
  await assert.rejects(world.objects.put(alice, bucket, putInput("k"), body), ServiceError);
  assert.ok(stalled);
  await assert.rejects(world.objects.get(alice, bucket, readInput("k")), refused("NoSuchKey"));
});

test("a full store refuses writes before the body; reads and deletes go on", async () => {
  let state: WriteState = { kind: "ok" };
  const world = await makeWorld({ ...new MemoryModel().open(), writable: () => state });
  const bucket = await world.bucket();
  await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(5)));
  state = { kind: "full", freeBytes: 0 };
  const untouched = { ...bodyOf(pattern(5)), collect: () => Promise.reject(new Error("the body was read")) };
  await assert.rejects(
    world.objects.put(alice, bucket, putInput("n"), untouched),
    refused("InsufficientStorage"),
  );
  assert.deepEqual(await bytesOf(await world.objects.get(alice, bucket, readInput("k"))), pattern(5));
  await world.objects.delete(alice, bucket, { key: putInput("k").key });
});
