import assert from "node:assert/strict";
import { test } from "node:test";
import { IntegrityError } from "../../base/errors.ts";
import { parseAccountId, parseBucketName } from "../../base/ids.ts";
import type { RowKey, Store } from "../../store/port.ts";
import { MemoryModel } from "../../store/memory/model.ts";
import { Records } from "../../store/records.ts";
import { openTestHome } from "../../store/local/test-home.ts";
import { Client, listed, makeUploads, PART_MIN } from "../uploads/test-uploads.ts";
import { bodyOf, makeWorld, pattern, putInput, refused, testCaller, type World } from "../test-world.ts";
import { corsRow } from "./cors-record.ts";
import { bucketRow, policyRow } from "./bucket-record.ts";
import { BucketStore } from "./buckets.ts";

const alice = testCaller();
const bob = testCaller("bob", {
  principal: {
    kind: "root",
    account: parseAccountId("111111111111"),
    arn: "arn:aws:iam::111111111111:root",
    userId: "b",
  },
});
const US = { region: "us-east-1" };
const name = parseBucketName;

function over(world: World, blockSsecOnNew = false): BucketStore {
  const { records, clock, sources } = world.core;
  return new BucketStore({ records, clock, blockSsecOnNew, onRemoved: (id) => sources.epochs.forget(id) });
}
async function world(home?: Store): Promise<{ world: World; buckets: BucketStore }> {
  const made = await makeWorld(home);
  return { world: made, buckets: over(made) };
}
async function rowsOf(store: Store): Promise<string[]> {
  const found: string[] = [];
  for (const table of ["bucket", "life", "config", "epoch", "head", "marker", "version", "upload"] as const) {
    const { rows } = await store.scan({ table, from: new Uint8Array(), limit: 100 });
    found.push(...rows.map(() => table));
  }
  return found;
}

test("a bucket is made once; in us-east-1 its owner may make it again", async () => {
  const { buckets } = await world();
  const made = await buckets.create(alice, name("one"), { ...US, tags: [{ key: "a", value: "b" }] });
  assert.deepEqual(await buckets.find(name("one")), made);
  assert.deepEqual((await buckets.create(alice, name("one"), US)).id, made.id);
  await assert.rejects(buckets.create(bob, name("one"), US), refused("BucketAlreadyExists"));
  const eu = { region: "eu-west-1" };
  await buckets.create(alice, name("two"), eu);
  await assert.rejects(buckets.create(alice, name("two"), eu), refused("BucketAlreadyOwnedByYou"));
  assert.equal(await buckets.find(name("none")), undefined);
});

test("of many who make one name at once one succeeds, and all owners' lists hold", async () => {
  const { buckets } = await world();
  const made = await Promise.allSettled(
    [alice, bob, alice, bob].map((caller) =>
      buckets.create(caller, name("contended"), { region: "eu-west-1" }),
    ),
  );
  assert.equal(made.filter(({ status }) => status === "fulfilled").length, 1);
  const lists = await Promise.all([alice, bob].map((c) => buckets.list(c, { prefix: "", max: 10 })));
  assert.equal(lists.flatMap((list) => list.buckets).length, 1);
});

test("settings change one by one, keep the others, and survive a race", async () => {
  const { world: w, buckets } = await world();
  const bucket = await buckets.create(alice, name("set"), US);
  const other = over(w);
  await Promise.all([
    buckets.setVersioning(alice, bucket, "enabled"),
    other.putEncryption(alice, bucket, { rule: { algorithm: "aws:kms", kmsKeyId: "k", bucketKey: true } }),
    buckets.putPolicy(alice, bucket, { text: '{"Version":"2012-10-17"}' }),
    other.putTags(alice, bucket, [{ key: "x", value: "" }]),
    buckets.putEncryption(alice, bucket, { ssecBlocked: true }),
  ]);
  const set = await buckets.find(name("set"));
  assert.ok(set !== undefined);
  assert.equal(set.versioning, "enabled");
  assert.deepEqual(set.encryption, {
    rule: { algorithm: "aws:kms", kmsKeyId: "k", bucketKey: true },
    ssecBlocked: true,
  });
  assert.equal(set.policy?.text, '{"Version":"2012-10-17"}');
  assert.deepEqual(set.tags, [{ key: "x", value: "" }]);
  assert.equal(await buckets.find(name("set")), set, "unchanged, it is the same object");
  await buckets.putPolicy(alice, bucket, undefined);
  await buckets.deleteEncryption(alice, bucket);
  await buckets.putTags(alice, bucket, undefined);
  const bare = await buckets.find(name("set"));
  assert.deepEqual([bare?.policy, bare?.encryption, bare?.tags], [undefined, {}, undefined]);
  assert.equal(bare?.versioning, "enabled");
});

test("a block-only change keeps the rule, a rule keeps the block, and deletion resets to the new-bucket default", async () => {
  const { world: w } = await world();
  const buckets = over(w, true);
  const bucket = await buckets.create(alice, name("block"), US);
  assert.deepEqual(bucket.encryption, { ssecBlocked: true });
  await buckets.putEncryption(alice, bucket, { rule: { algorithm: "AES256", bucketKey: false } });
  await buckets.putEncryption(alice, bucket, { ssecBlocked: false });
  const set = await buckets.find(name("block"));
  assert.deepEqual(set?.encryption, { rule: { algorithm: "AES256", bucketKey: false }, ssecBlocked: false });
  await buckets.deleteEncryption(alice, bucket);
  assert.deepEqual((await buckets.find(name("block")))?.encryption, { ssecBlocked: true });
});

test("buckets list by name, per owner, in pages", async () => {
  const { buckets } = await world();
  for (const text of ["b-2", "a-1", "b-10", "b-1", "c-1"]) await buckets.create(alice, name(text), US);
  await buckets.create(bob, name("b-3"), US);
  const names = async (input: Parameters<BucketStore["list"]>[1]): Promise<readonly unknown[]> => {
    const page = await buckets.list(alice, input);
    return [...page.buckets.map((bucket) => bucket.name), page.more];
  };
  assert.deepEqual(await names({ prefix: "", max: 10 }), ["a-1", "b-1", "b-10", "b-2", "c-1", false]);
  assert.deepEqual(await names({ prefix: "b", max: 2 }), ["b-1", "b-10", true]);
  assert.deepEqual(await names({ prefix: "b", after: "b-10", max: 2 }), ["b-2", false]);
});

test("a bucket goes with its epoch keys, policy and list entry; one made again is another", async () => {
  const { world: w, buckets } = await world();
  const bucket = await buckets.create(alice, name("gone"), US);
  await buckets.putPolicy(alice, bucket, { text: "{}" });
  await w.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(10)));
  await assert.rejects(buckets.delete(alice, bucket), refused("BucketNotEmpty"));
  assert.ok((await buckets.find(name("gone"))) !== undefined);
  await w.objects.put(alice, bucket, putInput("l"), bodyOf(pattern(10)));
  for (const key of ["k", "l"]) await w.objects.delete(alice, bucket, { key: putInput(key).key });
  await buckets.delete(alice, bucket);
  assert.deepEqual(await rowsOf(w.store), []);
  assert.equal(await buckets.find(name("gone")), undefined);
  await assert.rejects(buckets.delete(alice, bucket), refused("NoSuchBucket"));
  await assert.rejects(
    w.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(1))),
    refused("NoSuchBucket"),
  );
  await assert.rejects(buckets.setVersioning(alice, bucket, "enabled"), refused("NoSuchBucket"));
  const again = await buckets.create(bob, name("gone"), US);
  assert.notDeepEqual(again.id, bucket.id);
  await assert.rejects(buckets.delete(alice, bucket), refused("NoSuchBucket"));
});

test("versions and markers keep a bucket; open uploads end with it", async () => {
  const w = await makeUploads();
  const buckets = over(w);
  const plain = await buckets.create(alice, name("kept"), US);
  await buckets.setVersioning(alice, plain, "enabled");
  const bucket = (await buckets.find(name("kept"))) ?? plain;
  const marker = await w.objects.delete(alice, bucket, { key: putInput("k").key });
  await assert.rejects(buckets.delete(alice, bucket), refused("BucketNotEmpty"));
  const upload = await Client.begin(w, bucket, "k");
  const part = await upload.put(1, pattern(PART_MIN));
  // A bucket that stays keeps its uploads.
  await assert.rejects(buckets.delete(alice, bucket), refused("BucketNotEmpty"));
  await upload.put(2, pattern(PART_MIN));
  await w.objects.delete(alice, bucket, { key: putInput("k").key, versionId: marker.versionId ?? "" });
  for (let i = 0; i < 60; i++) await Client.begin(w, bucket, `more/${i}`);
  await buckets.delete(alice, bucket);
  assert.deepEqual(await rowsOf(w.store), []);
  assert.equal(await buckets.find(name("kept")), undefined);
  await assert.rejects(upload.put(3, pattern(PART_MIN)), refused("NoSuchUpload"));
  await assert.rejects(upload.complete([listed(1, part)]), refused("NoSuchUpload"));
  // Each is left to the collector, which clears the parts.
  assert.equal((await w.store.scan({ table: "ended", from: new Uint8Array(), limit: 100 })).rows.length, 61);
});

test("a Complete and a removal at once: either the object is there, or the bucket is not", async () => {
  for (let round = 0; round < 20; round++) {
    const w = await makeUploads();
    const buckets = over(w);
    const bucket = await buckets.create(alice, name("race"), US);
    const upload = await Client.begin(w, bucket, "k");
    const part = await upload.put(1, pattern(PART_MIN));
    const [completed, removed] = await Promise.allSettled([
      upload.complete([listed(1, part)]),
      buckets.delete(alice, bucket),
    ]);
    const there = (await rowsOf(w.store)).includes("head");
    assert.equal(completed.status === "fulfilled", there);
    assert.equal(removed.status === "fulfilled", !there);
    assert.equal((await buckets.find(name("race"))) !== undefined, there);
  }
});

test("a removal cut while uploads end is finished by whoever meets it", async () => {
  for (let cut = 1; cut < 5; cut++) {
    for (const applied of [false, true]) {
      const w = await makeUploads();
      const bucket = await over(w).create(alice, name("cut"), US);
      for (let i = 0; i < 50; i++) await Client.begin(w, bucket, `k${i}`);
      await assert.rejects(crashing(w, cut, applied).delete(alice, bucket), /crash/);
      assert.equal(await over(w).find(name("cut")), undefined);
      assert.deepEqual(await rowsOf(w.store), []);
    }
  }
});

test("writes and a removal at once: either the bucket stays with the object, or neither is there", async () => {
  for (let round = 0; round < 30; round++) {
    const { world: w, buckets } = await world();
    const bucket = await buckets.create(alice, name("race"), US);
    const [put, removal] = await Promise.allSettled([
      w.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(round))),
      buckets.delete(alice, bucket),
    ]);
    const there = (await rowsOf(w.store)).includes("head");
    assert.equal(put.status === "fulfilled", there);
    assert.equal(removal.status === "fulfilled", !there);
    assert.equal((await buckets.find(name("race"))) !== undefined, there);
  }
});

test("whoever meets a cut removal finishes it, at whichever commit it was cut", async () => {
  for (const full of [false, true]) {
    for (let cut = 0; cut < 2; cut++) {
      for (const applied of [false, true]) {
        const model = new MemoryModel();
        const { world: w, buckets } = await world(model.open());
        const bucket = await buckets.create(alice, name("cut"), US);
        // Found empty, and written to before the removal began.
        const write = () => w.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(1)));
        const cutting = crashing(w, cut, applied, full ? write : undefined);
        await assert.rejects(cutting.delete(alice, bucket), /crash/);
        const found = await buckets.find(name("cut"));
        if (full || (cut === 0 && !applied)) assert.ok(found !== undefined);
        else assert.equal(found, undefined);
        if (full) await w.objects.put(alice, bucket, putInput("l"), bodyOf(pattern(1)));
        else await over(w).create(bob, name("other"), US);
      }
    }
  }
});

test("a removal that is refused disturbs no write to the bucket", async () => {
  const { world: w, buckets } = await world();
  const bucket = await buckets.create(alice, name("busy"), US);
  await w.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(1)));
  const life = async () => (await w.store.get([{ table: "life", key: bucket.id }]))[0]?.rev;
  const before = await life();
  const work = Array.from({ length: 50 }, (_, i) => [
    assert.rejects(buckets.delete(alice, bucket), refused("BucketNotEmpty")),
    w.objects.put(alice, bucket, putInput(`k${i}`), bodyOf(pattern(1))),
  ]);
  await Promise.all(work.flat());
  assert.deepEqual(await life(), before);
});

test("of removals at once one succeeds; lost answers of it are no losses", async () => {
  for (const fault of [
    undefined,
    { kind: "unknown" as const, applied: true },
    { kind: "unknown" as const, applied: false },
  ]) {
    for (let at = 0; at < 3; at++) {
      const { world: w, buckets } = await world();
      const second = over(w);
      const bucket = await buckets.create(alice, name("once"), US);
      const wait = Array.from({ length: at }, () => ({ kind: "delay", ms: 0 }) as const);
      if (fault !== undefined) w.model?.inject(...wait, fault);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? buckets : second).delete(alice, bucket)),
      );
      const lost = outcomes.flatMap((o): unknown[] => (o.status === "rejected" ? [o.reason] : []));
      for (const reason of lost) refused("NoSuchBucket")(reason);
      assert.equal(lost.length, 11);
      assert.deepEqual(await rowsOf(w.store), []);
    }
  }
});

test("who deletes or makes a bucket whose removal was cut finishes that, and finds no bucket", async () => {
  for (const applied of [false, true]) {
    const { world: w, buckets } = await world();
    const bucket = await buckets.create(alice, name("cut"), US);
    const cut = applied ? 0 : 1;
    await assert.rejects(crashing(w, cut, applied).delete(alice, bucket), /crash/);
    await assert.rejects(buckets.delete(alice, bucket), refused("NoSuchBucket"));
    assert.deepEqual(await rowsOf(w.store), []);
    const again = await buckets.create(alice, name("cut"), US);
    await assert.rejects(crashing(w, cut, applied).delete(alice, again), /crash/);
    assert.notDeepEqual((await buckets.create(alice, name("cut"), US)).id, again.id);
  }
});

test("a write that meets a removal under way may be tried again; the bucket is missing once it is gone", async () => {
  const { world: w, buckets } = await world();
  const bucket = await buckets.create(alice, name("going"), US);
  const write = () => w.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(1)));
  await assert.rejects(crashing(w, 1, false).delete(alice, bucket), /crash/);
  await assert.rejects(write(), refused("OperationAborted"));
  assert.equal(await buckets.find(name("going")), undefined);
  await assert.rejects(write(), refused("NoSuchBucket"));
});

/**
 * A bucket store whose process dies at its nth commit, before or after it took effect. `first`: what others do before its
 * first one.
 */
function crashing(w: World, at: number, applied: boolean, first?: () => Promise<unknown>): BucketStore {
  let commits = 0;
  const { store } = w;
  const dying: Store = {
    ...store,
    commit: async (commit) => {
      if (commits === 0) await first?.();
      if (commits++ < at) return store.commit(commit);
      if (commits === at + 1 && applied) await store.commit(commit);
      throw new Error("crash");
    },
  };
  return new BucketStore({ records: new Records(dying, w.keyring), clock: w.core.clock });
}

test("an older record, a missing one and another policy are corruption", async () => {
  const model = new MemoryModel();
  const { world: w, buckets } = await world(model.open());
  const bucket = await buckets.create(alice, name("old"), US);
  await buckets.putPolicy(alice, bucket, { text: '{"first":1}' });
  const at = async (row: RowKey) => (await w.store.get([row]))[0];
  const [record, policy] = [await at(bucketRow("old")), await at(policyRow(bucket.id))];
  await buckets.putPolicy(alice, bucket, { text: '{"second":2}' });
  const now = await at(bucketRow("old"));
  model.tamper("bucket", bucketRow("old").key, record);
  await assert.rejects(async () => buckets.find(name("old")), IntegrityError);
  model.tamper("bucket", bucketRow("old").key, now);
  assert.equal((await buckets.find(name("old")))?.policy?.text, '{"second":2}');
  model.tamper("config", policyRow(bucket.id).key, policy);
  const fresh = over(w);
  await assert.rejects(async () => fresh.find(name("old")), IntegrityError);
  model.tamper("config", policyRow(bucket.id).key, undefined);
  await assert.rejects(async () => fresh.find(name("old")), IntegrityError);
});

test("CORS rules stand beside the policy, are pinned by the record, and go with the bucket", async () => {
  const model = new MemoryModel();
  const { world: w, buckets } = await world(model.open());
  const bucket = await buckets.create(alice, name("open"), US);
  const rules = [{ origins: ["*"], methods: ["GET"], headers: [], exposed: ["ETag"], maxAgeSeconds: 7 }];
  await buckets.putPolicy(alice, bucket, { text: '{"first":1}' });
  await buckets.putCors(alice, bucket, rules);
  const row = corsRow(bucket.id);
  const [old] = await w.store.get([row]);
  assert.deepEqual((await buckets.find(name("open")))?.cors, rules);
  await buckets.putCors(alice, bucket, [...rules, ...rules]);
  await buckets.setVersioning(alice, bucket, "enabled");
  const set = await over(w).find(name("open"));
  assert.equal(set?.cors?.length, 2);
  assert.equal(set?.policy?.text, '{"first":1}');
  model.tamper("config", row.key, old);
  await assert.rejects(async () => over(w).find(name("open")), IntegrityError);
  await buckets.putCors(alice, bucket, undefined);
  assert.equal((await over(w).find(name("open")))?.cors, undefined);
  await buckets.putCors(alice, bucket, rules);
  await buckets.delete(alice, bucket);
  assert.deepEqual(await rowsOf(w.store), []);
});

test("the same over the embedded home, seen by a second opening of it", async () => {
  const home = await openTestHome();
  try {
    const { world: w, buckets } = await world(home.store);
    const bucket = await buckets.create(alice, name("real"), US);
    await buckets.setVersioning(alice, bucket, "enabled");
    const other = new BucketStore({
      records: new Records(await home.another(), w.keyring),
      clock: w.core.clock,
    });
    assert.equal((await other.find(name("real")))?.versioning, "enabled");
    await other.setVersioning(alice, bucket, "suspended");
    assert.equal((await buckets.find(name("real")))?.versioning, "suspended");
    await other.delete(alice, bucket);
    assert.equal(await buckets.find(name("real")), undefined);
  } finally {
    await home.dispose();
  }
});
