import assert from "node:assert/strict";
import { test } from "node:test";
import { newRev } from "../base/ids.ts";
import { MemoryModel } from "./memory/model.ts";
import type { Sealed } from "./port.ts";
import { Remembered } from "./remembered.ts";

const key = Uint8Array.of(1);
const row = { table: "bucket", key } as const;

test("a value is kept while its rows are what was read, and not a commit longer", async () => {
  const model = new MemoryModel();
  const store = model.open();
  const first = newRev();
  await store.commit({ id: first, put: [{ ...row, value: Uint8Array.of(1) as Sealed }] });
  const kept = new Remembered<string>(store, 8);
  kept.set("a", "first", [
    { ...row, rev: first },
    { table: "config", key, rev: "absent" },
  ]);
  assert.equal(await kept.get("a"), "first");
  // Another process's commit.
  await model
    .open()
    .commit({ id: newRev(), put: [{ table: "config", key, value: Uint8Array.of(2) as Sealed }] });
  assert.equal(await kept.get("a"), undefined);
  await store.commit({ id: newRev(), delete: [{ table: "config", key }] });
  assert.equal(await kept.get("a"), undefined, "what was dropped is derived again");
});

test("a row made again under the same bytes is another row", async () => {
  const store = new MemoryModel().open();
  const first = newRev();
  const put = [{ ...row, value: Uint8Array.of(1) as Sealed }];
  await store.commit({ id: first, put });
  const kept = new Remembered<string>(store, 8);
  kept.set("a", "first", [{ ...row, rev: first }]);
  await store.commit({ id: newRev(), put });
  assert.equal(await kept.get("a"), undefined);
});

test("what nobody asked for goes when it is full", async () => {
  const kept = new Remembered<number>(new MemoryModel().open(), 4);
  for (let n = 1; n <= 5; n++) kept.set(String(n), n, []);
  assert.equal(await kept.get("1"), undefined);
  assert.equal(await kept.get("5"), 5);
});
