import assert from "node:assert/strict";
import { test } from "node:test";
import { newRev } from "../base/ids.ts";
import type { Codec } from "./codec.ts";
import { CountedRecords } from "./counted.ts";
import { countedCodec } from "./list-page.ts";
import { MemoryModel } from "./memory/model.ts";
import type { RowKey } from "./port.ts";
import { commitSettled } from "./retry.ts";
import { openTestRecords } from "./test-keyring.ts";
import { verifyLists } from "./verify-lists.ts";

const codec: Codec<Uint8Array> = { version: 1, encode: (body) => body, decode: (body) => body };
const PARENT = new TextEncoder().encode("parent");
const at = (i: number): RowKey => ({ table: "bucket", key: Uint8Array.of(i) });
const RANGES = [{ table: "bucket", from: new Uint8Array() }] as const;

async function open() {
  const store = new MemoryModel().open();
  const { records } = await openTestRecords(store);
  const counted = new CountedRecords(records);
  const put = async (i: number, value: number): Promise<void> => {
    const draft = await counted.draft(PARENT, [counted.put(codec, at(i), Uint8Array.of(1, value))]);
    assert.equal((await commitSettled(store, draft)).kind, "ok");
  };
  for (let i = 0; i < 5; i++) await put(i, 0);
  const problems = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const list of verifyLists(records, RANGES)) found.push(...list.problems);
    return found;
  };
  return { store, records, put, problems };
}

test("what the lists say is what is there", async () => {
  const { problems } = await open();
  assert.deepEqual(await problems(), []);
});

test("a record of an earlier time, a missing one, and one that no list knows", async () => {
  const { store, records, put, problems } = await open();
  const [old] = await store.get([at(1)]);
  assert.ok(old);
  await put(1, 7);
  await store.commit({ id: newRev(), put: [{ ...at(1), value: old.value }], delete: [at(2)] });
  const stranger = { counter: 1, page: 1, value: Uint8Array.of(1, 1) };
  await store.commit({
    id: newRev(),
    put: [records.seal(countedCodec(codec), "bucket", at(9).key, stranger)],
  });
  assert.deepEqual(await problems(), [
    "bucket/01 is older than its list says",
    "bucket/02 is missing",
    "bucket/09 stands in no list",
  ]);
});

test("changes while it looks are no findings", async () => {
  const { put, problems } = await open();
  let looking = true;
  const writer = (async () => {
    for (let i = 0; looking; i++) {
      await put(i % 5, i);
      await new Promise((done) => setImmediate(done));
    }
  })();
  try {
    assert.deepEqual(await problems(), []);
  } finally {
    looking = false;
    await writer;
  }
});
