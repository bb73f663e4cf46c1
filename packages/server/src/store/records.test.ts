import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IntegrityError, ServiceError } from "../base/errors.ts";
import { COMMIT_RETRIES_MAX } from "../base/limits.ts";
import { type Codec, msgpackCodec } from "./codec.ts";
import { text } from "./conformance/home.ts";
import { addTerm } from "./keyring.ts";
import { loadKeyring } from "./keyring.ts";
import { MemoryModel } from "./memory/model.ts";
import { placeOf, Records, unchanged } from "./records.ts";
import { commitSettled, retrying } from "./retry.ts";
import { openTestRecords } from "./test-keyring.ts";

/** Counts how often a body is decoded. */
function countingCodec(): Codec<string> & { decoded: number } {
  const codec = {
    version: 1,
    decoded: 0,
    encode: (value: string) => Uint8Array.from([1, ...text(value)]),
    decode: (body: Uint8Array) => {
      codec.decoded++;
      return new TextDecoder().decode(body.subarray(1));
    },
  };
  return codec;
}

test("seals and opens, and an unchanged row is decoded once", async () => {
  const model = new MemoryModel();
  const { records } = await openTestRecords(model.open());
  const codec = countingCodec();
  const key = text("b");
  await commitSettled(records.store, { put: [records.seal(codec, "bucket", key, "one")] });
  for (let i = 0; i < 5; i++) assert.equal((await records.get(codec, "bucket", key))?.value, "one");
  assert.equal(codec.decoded, 1);
  await commitSettled(records.store, { put: [records.seal(codec, "bucket", key, "two")] });
  assert.equal((await records.get(codec, "bucket", key))?.value, "two");
  assert.equal(codec.decoded, 2);
  assert.equal(await records.get(codec, "bucket", text("c")), undefined);
});

test("another codec doesn't get what the first one decoded", async () => {
  const { records } = await openTestRecords(new MemoryModel().open());
  const [one, two] = [countingCodec(), countingCodec()];
  await commitSettled(records.store, { put: [records.seal(one, "bucket", text("b"), "x")] });
  await records.get(one, "bucket", text("b"));
  await records.get(two, "bucket", text("b"));
  assert.equal(two.decoded, 1);
});

/** Two keys that are kept in one place: of some 200,000 there are several pairs. */
function sharingOnePlace(): readonly [Uint8Array, Uint8Array] {
  const seen = new Map<number, Uint8Array>();
  for (let i = 0; ; i++) {
    const key = text(String(i));
    const place = placeOf("bucket", key);
    const other = seen.get(place);
    if (other !== undefined) return [other, key];
    seen.set(place, key);
  }
}

test("rows that are kept in one place are never taken for each other", async () => {
  const { records } = await openTestRecords(new MemoryModel().open());
  const codec = countingCodec();
  const [one, two] = sharingOnePlace();
  await commitSettled(records.store, {
    put: [records.seal(codec, "bucket", one, "one"), records.seal(codec, "bucket", two, "two")],
  });
  for (let i = 0; i < 3; i++) {
    assert.equal((await records.get(codec, "bucket", one))?.value, "one");
    assert.equal((await records.get(codec, "bucket", two))?.value, "two");
  }
  assert.equal(await records.get(codec, "kms", one), undefined);
});

test("the cache is bounded, oldest out first", async () => {
  const { keyring, records: writer } = await openTestRecords(new MemoryModel().open());
  const records = new Records(writer.store, keyring, { cacheEntries: 2 });
  const codec = countingCodec();
  for (const key of ["1", "2", "3"]) {
    await commitSettled(records.store, { put: [records.seal(codec, "bucket", text(key), key)] });
  }
  for (const key of ["1", "2", "1", "3", "1"]) await records.get(codec, "bucket", text(key));
  assert.equal(codec.decoded, 3);
  await records.get(codec, "bucket", text("2"));
  assert.equal(codec.decoded, 4);
});

test("the cache is bounded by bytes, too: large rows leave room for fewer", async () => {
  const { keyring, records: writer } = await openTestRecords(new MemoryModel().open());
  const keys = Array.from({ length: 40 }, (_, i) => text(String(i)));
  for (const [size, again] of [
    [10, 0],
    [4000, 1],
  ] as const) {
    const codec = countingCodec();
    const records = new Records(writer.store, keyring, { cacheBytes: 40_000 });
    for (const key of keys)
      await commitSettled(writer.store, { put: [writer.seal(codec, "bucket", key, "x".repeat(size))] });
    const decoded = async (at: number): Promise<number> => {
      const before = codec.decoded;
      await records.get(codec, "bucket", keys.at(at) ?? text(""));
      return codec.decoded - before;
    };
    for (let at = 0; at < keys.length; at++) assert.equal(await decoded(at), 1);
    // At least half of the bytes are the newest rows.
    for (let back = 1; back <= 4; back++) assert.equal(await decoded(-back), 0);
    assert.equal(await decoded(0), again);
  }
});

test("a row moved to another key or table, or changed, is an IntegrityError", async () => {
  const model = new MemoryModel();
  const { records } = await openTestRecords(model.open());
  const codec = countingCodec();
  await commitSettled(records.store, { put: [records.seal(codec, "bucket", text("a"), "x")] });
  const [row] = await records.store.get([{ table: "bucket", key: text("a") }]);
  assert.ok(row);
  model.tamper("bucket", text("b"), { ...row, key: text("b") });
  await assert.rejects(records.get(codec, "bucket", text("b")), IntegrityError);
  model.tamper("account", text("a"), row);
  await assert.rejects(records.get(codec, "account", text("a")), IntegrityError);
  const value = row.value.slice() as typeof row.value;
  value[value.length - 1] = (value.at(-1) ?? 0) ^ 1;
  model.tamper("bucket", text("a"), { ...row, value });
  await assert.rejects(records.get(codec, "bucket", text("a")), IntegrityError);
});

test("a term that another process added is looked up once it is met", async () => {
  const model = new MemoryModel();
  const { keyring, records: writer, root } = await openTestRecords(model.open());
  const reload = async () => (await loadKeyring(model.open(), [root])) ?? keyring;
  const reader = new Records(model.open(), keyring, { reloadKeyring: reload });
  const stubborn = new Records(model.open(), keyring);
  writer.useKeyring(await addTerm(model.open(), keyring, [root], "metadata"), 0);
  assert.equal(writer.currentTerm, 2);
  const codec = countingCodec();
  await commitSettled(model.open(), { put: [writer.seal(codec, "bucket", text("new"), "x")] });
  assert.equal((await reader.get(codec, "bucket", text("new")))?.value, "x");
  assert.equal(
    reader.currentTerm,
    1,
    "it opens the new term's rows, and seals under it once every process knows it",
  );
  await assert.rejects(stubborn.get(codec, "bucket", text("new")), IntegrityError);
});

test("reseal brings a row to the newest term", async () => {
  const model = new MemoryModel();
  const { keyring, records, root } = await openTestRecords(model.open());
  const codec = countingCodec();
  await commitSettled(model.open(), { put: [records.seal(codec, "bucket", text("r"), "x")] });
  records.useKeyring(await addTerm(model.open(), keyring, [root], "metadata"));
  const [row] = await model.open().get([{ table: "bucket", key: text("r") }]);
  assert.ok(row);
  await commitSettled(model.open(), { put: [records.reseal("bucket", row)] });
  assert.equal((await records.get(codec, "bucket", text("r")))?.value, "x");
});

test("MessagePack bodies keep maps, lists, numbers, null and byte strings", () => {
  const codec = msgpackCodec<unknown>(3, (body) => body);
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.maxSafeInteger(),
      fc.uint8Array({ maxLength: 50 }),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(
        fc.string({ minLength: 1 }).filter((k) => k !== "__proto__"),
        tie("value"),
        {
          maxKeys: 4,
          noNullPrototype: true,
        },
      ),
    ),
  })).value;
  fc.assert(fc.property(value, (v) => assert.deepEqual(codec.decode(codec.encode(v)), v)));
  assert.ok(codec.decode(codec.encode(Uint8Array.of(1))) instanceof Uint8Array);
  assert.ok(!Buffer.isBuffer(codec.decode(codec.encode(Uint8Array.of(1)))));
});

test("MessagePack bodies of a later version, or none, are refused", () => {
  const codec = msgpackCodec<unknown>(2, (body, version) => [body, version]);
  assert.deepEqual(codec.decode(msgpackCodec<unknown>(1, (b) => b).encode("old")), ["old", 1]);
  for (const body of [Uint8Array.of(3, 0xc0), Uint8Array.of(0, 0xc0), new Uint8Array()]) {
    assert.throws(() => codec.decode(body), IntegrityError);
  }
});

test("a lost answer is settled by reading back", async () => {
  const model = new MemoryModel();
  const { records } = await openTestRecords(model.open());
  const codec = countingCodec();
  const seal = () => records.seal(codec, "bucket", text("s"), "x");
  model.inject({ kind: "unknown", applied: true });
  const landed = await commitSettled(model.open(), { put: [seal()] });
  assert.equal(landed.kind, "ok");
  assert.deepEqual((await records.get(codec, "bucket", text("s")))?.rev, landed.kind === "ok" && landed.rev);
  model.inject({ kind: "unknown", applied: false });
  assert.equal((await commitSettled(model.open(), { put: [seal()] })).kind, "conflict");
  model.inject({ kind: "unknown", applied: true });
  const at = { table: "bucket" as const, key: text("s") };
  assert.equal((await commitSettled(model.open(), { delete: [at] })).kind, "ok");
});

test("retrying goes on after conflicts and lost answers, and gives up with SlowDown", async () => {
  const model = new MemoryModel();
  const { records } = await openTestRecords(model.open());
  const codec = countingCodec();
  const key = text("n");
  const increment = () =>
    retrying(model.open(), async () => {
      const present = await records.get(codec, "bucket", key);
      const next = String(Number(present?.value ?? "0") + 1);
      const expect =
        present === undefined
          ? { table: "bucket" as const, key, rev: "absent" as const }
          : unchanged(present);
      return { draft: { expect: [expect], put: [records.seal(codec, "bucket", key, next)] }, result: next };
    });
  model.inject({ kind: "conflict" }, { kind: "unknown", applied: true }, { kind: "unknown", applied: false });
  assert.equal(await increment(), "1");
  assert.equal(await increment(), "2");
  await Promise.all(Array.from({ length: 10 }, increment));
  assert.equal((await records.get(codec, "bucket", key))?.value, "12");
  model.inject(...Array.from({ length: COMMIT_RETRIES_MAX }, () => ({ kind: "conflict" as const })));
  await assert.rejects(increment(), (error) => error instanceof ServiceError && error.code === "SlowDown");
});
