import assert from "node:assert/strict";
import { test } from "node:test";
import { IntegrityError } from "../base/errors.ts";
import { msgpackCodec } from "./codec.ts";
import { text } from "./conformance/home.ts";
import { CountedRecords } from "./counted.ts";
import { listKey } from "./list-page.ts";
import { MemoryModel } from "./memory/model.ts";
import type { RowKey } from "./port.ts";
import { commitSettled } from "./retry.ts";
import { openTestRecords } from "./test-keyring.ts";

const codec = msgpackCodec<string>(1, (body) => String(body));
const parent = text("account-1");
const row = (name: string): RowKey => ({ table: "bucket", key: text(name) });

async function open() {
  const model = new MemoryModel();
  const { records } = await openTestRecords(model.open());
  const counted = new CountedRecords(records);
  const write = async (...writes: Parameters<CountedRecords["draft"]>[1]) =>
    commitSettled(records.store, await counted.draft(parent, writes));
  const set = async (name: string, value: string) => {
    assert.equal((await write(counted.put(codec, row(name), value))).kind, "ok");
  };
  const get = async (name: string) => (await counted.get(codec, parent, row(name)))?.value;
  const rowAt = async (at: RowKey) => (await records.store.get([at]))[0];
  return { model, records, counted, write, set, get, rowAt };
}

test("puts, replaces, deletes; the list's counter rises with each", async () => {
  const { counted, write, set, get } = await open();
  assert.equal(await get("a"), undefined);
  await set("a", "1");
  await set("b", "1");
  await set("a", "2");
  assert.deepEqual([await get("a"), await get("b"), await get("c")], ["2", "1", undefined]);
  assert.equal(await counted.counter(parent), 3);
  await write(counted.delete(row("a")));
  assert.deepEqual([await get("a"), await get("b")], [undefined, "1"]);
  assert.equal(await counted.counter(parent), 4);
  assert.equal((await counted.entries(parent)).size, 1);
});

test("an older version of a record is an IntegrityError", async () => {
  const { model, set, get, rowAt } = await open();
  await set("a", "old");
  const old = await rowAt(row("a"));
  await set("a", "new");
  model.tamper("bucket", text("a"), old);
  await assert.rejects(get("a"), IntegrityError);
});

test("a record that someone removed is an IntegrityError, and so is one that came back", async () => {
  const { model, counted, write, set, get, rowAt } = await open();
  await set("a", "x");
  const old = await rowAt(row("a"));
  model.tamper("bucket", text("a"), undefined);
  await assert.rejects(get("a"), IntegrityError);
  model.tamper("bucket", text("a"), old);
  assert.equal(await get("a"), "x");
  await write(counted.delete(row("a")));
  model.tamper("bucket", text("a"), old);
  await assert.rejects(get("a"), IntegrityError);
});

test("record and page rolled back together are an IntegrityError", async () => {
  const { model, set, get, rowAt } = await open();
  const page: RowKey = { table: "list", key: listKey(parent, 1) };
  await set("a", "old");
  const [oldRow, oldPage] = [await rowAt(row("a")), await rowAt(page)];
  await set("a", "new");
  model.tamper("bucket", text("a"), oldRow);
  model.tamper("list", page.key, oldPage);
  await assert.rejects(get("a"), IntegrityError);
});

test("a list without its head is an IntegrityError", async () => {
  const { model, set, get } = await open();
  await set("a", "x");
  model.tamper("list", listKey(parent, 0), undefined);
  await assert.rejects(get("a"), IntegrityError);
  await assert.rejects(get("never"), IntegrityError);
});

test("two changes at once: one conflicts and loses nothing", async () => {
  const { records, counted, get } = await open();
  const drafts = await Promise.all(
    ["a", "b"].map((name) => counted.draft(parent, [counted.put(codec, row(name), name)])),
  );
  const kinds = [];
  for (const draft of drafts) kinds.push((await commitSettled(records.store, draft)).kind);
  assert.deepEqual(kinds, ["ok", "conflict"]);
  assert.deepEqual([await get("a"), await get("b")], ["a", undefined]);
});

test("a list of more entries than a page holds", async () => {
  const { counted, write, get } = await open();
  const names = Array.from({ length: 1100 }, (_, i) => `bucket-${i}`);
  for (let i = 0; i < names.length; i += 50) {
    await write(...names.slice(i, i + 50).map((name) => counted.put(codec, row(name), name)));
  }
  assert.equal((await counted.entries(parent)).size, names.length);
  for (const name of ["bucket-0", "bucket-499", "bucket-500", "bucket-1099"])
    assert.equal(await get(name), name);
  assert.equal(await get("bucket-1100"), undefined);
  await write(counted.delete(row("bucket-700")));
  assert.equal(await get("bucket-700"), undefined);
});

test("an empty list can be dropped, another can't", async () => {
  const { records, counted, write, set, get } = await open();
  await set("a", "x");
  await assert.rejects(counted.drop(parent));
  await write(counted.delete(row("a")));
  await commitSettled(records.store, await counted.drop(parent));
  assert.deepEqual((await records.store.scan({ table: "list", from: new Uint8Array(), limit: 9 })).rows, []);
  assert.equal(await get("a"), undefined);
});

test("a quota is decided on the list that the commit expects", async () => {
  const { counted, records } = await open();
  const draft = (name: string) =>
    counted.draft(parent, [counted.put(codec, row(name), "x")], (there) => {
      if (there >= 1) throw new RangeError("full");
    });
  const [first, second] = [await draft("a"), await draft("b")];
  assert.equal((await commitSettled(records.store, first)).kind, "ok");
  assert.equal((await commitSettled(records.store, second)).kind, "conflict");
  await assert.rejects(draft("b"), RangeError);
});
