import assert from "node:assert/strict";
import { test } from "node:test";
import { recordTerm } from "@strongroom/crypto";
import { newBlobId, newRev } from "../base/ids.ts";
import { addTerm } from "./keyring.ts";
import { MemoryModel } from "./memory/model.ts";
import type { Codec } from "./codec.ts";
import { acquireLease, newHolder } from "./lease.ts";
import { findSealedBefore, resealLeases, resealRecords } from "./reseal.ts";
import { commitSettled } from "./retry.ts";
import { openTestRecords } from "./test-keyring.ts";
import { intentRow, newIntentKey } from "./trash.ts";

const codec: Codec<Uint8Array> = { version: 1, encode: (body) => body, decode: (body) => body };
const key = (i: number): Uint8Array => Uint8Array.of(i >>> 8, i);
const body = (i: number): Uint8Array => Uint8Array.of(1, i);

/** 300 rows under the first term, and a second term that seals from now on. */
async function open() {
  const store = new MemoryModel().open();
  const { keyring, records, root } = await openTestRecords(store);
  for (let i = 0; i < 300; i++)
    await commitSettled(store, { put: [records.seal(codec, "head", key(i), body(i))] });
  records.useKeyring(await addTerm(store, keyring, [root], "metadata"), 0);
  return { store, records };
}

test("every row goes to the newest term, its body unchanged; again it changes nothing", async () => {
  const { store, records } = await open();
  let resealed = 0;
  for await (const step of resealRecords(records)) resealed += step.resealed;
  assert.equal(resealed, 300);
  const { rows } = await store.scan({ table: "head", from: new Uint8Array(), limit: 1000 });
  for (const [i, row] of rows.entries()) {
    assert.equal(recordTerm(row.value), records.currentTerm);
    assert.deepEqual((await records.open(codec, "head", row)).value, body(i));
  }
  for await (const step of resealRecords(records)) assert.equal(step.resealed + step.missed, 0);
  assert.equal(await findSealedBefore(records, records.currentTerm), undefined);
});

test("a pass that was cut goes on behind the row it came to", async () => {
  const { records } = await open();
  let cut: { table: "head"; after: Uint8Array } | undefined;
  for await (const { table, after } of resealRecords(records)) {
    if (table !== "head" || after === undefined) continue;
    cut = { table, after };
    break;
  }
  assert.ok(cut);
  let resealed = 0;
  for await (const step of resealRecords(records, cut)) resealed += step.resealed;
  assert.equal(resealed, 100);
});

test("a row that another changes at the same time stops only itself", async () => {
  const { store, records } = await open();
  const commit = store.commit.bind(store);
  let interfered = false;
  store.commit = async (c) => {
    if (!interfered) {
      interfered = true;
      await commit({ id: newRev(), put: [records.seal(codec, "head", key(3), body(99))] });
    }
    return commit(c);
  };
  let missed = 0;
  for await (const step of resealRecords(records)) missed += step.missed;
  assert.equal(missed, 1);
  assert.deepEqual((await records.get(codec, "head", key(3)))?.value, body(99));
});

test("intents of running uploads and leases keep their revisions, and still need the old term", async () => {
  const store = new MemoryModel().open();
  const { keyring, records, root } = await openTestRecords(store);
  const intent = intentRow(records, newIntentKey(), [newBlobId()], Date.now());
  await commitSettled(store, { put: [intent] });
  const lease = await acquireLease(records, "job", newHolder(), 60_000);
  records.useKeyring(await addTerm(store, keyring, [root], "metadata"), 0);
  for await (const step of resealRecords(records)) assert.equal(step.resealed + step.missed, 0);
  assert.ok(lease);
  assert.equal((await commitSettled(store, { expect: [lease.expect] })).kind, "ok");
  assert.equal(await findSealedBefore(records, records.currentTerm), "intent");
  await commitSettled(store, { delete: [intent] });
  assert.equal(await findSealedBefore(records, records.currentTerm), "lease");
  await resealLeases(records);
  assert.equal(await findSealedBefore(records, records.currentTerm), undefined);
});
