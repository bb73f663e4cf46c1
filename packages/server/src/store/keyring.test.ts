import assert from "node:assert/strict";
import { test } from "node:test";
import { newBlobId, newRev } from "../base/ids.ts";
import { chunks, put } from "./conformance/home.ts";
import {
  addTerm,
  KeyringError,
  KEYRING_PURPOSES,
  loadKeyring,
  openKeyring,
  removeTerm,
  resealKeyring,
  rotationDue,
} from "./keyring.ts";
import { MemoryModel } from "./memory/model.ts";
import type { Sealed, TableName } from "./port.ts";
import { testRoot } from "./test-keyring.ts";

const refusal = (reason: KeyringError["reason"]) => (error: unknown) =>
  error instanceof KeyringError && error.reason === reason && error.message.includes(error.cure);

test("the first start makes the keyring, later ones open the same", async () => {
  const store = new MemoryModel().open();
  const root = testRoot();
  const made = await openKeyring(store, [root]);
  const again = await openKeyring(store, [root]);
  assert.deepEqual(again.storeId, made.storeId);
  for (const purpose of KEYRING_PURPOSES) {
    assert.ok(again.current(purpose).key.equals(made.current(purpose).key));
    assert.equal(again.current(purpose).key.purpose, purpose);
    for (const other of KEYRING_PURPOSES) {
      if (other !== purpose) assert.ok(!made.current(purpose).key.equals(made.current(other).key));
    }
  }
});

test("two first starts at once agree on one keyring", async () => {
  const model = new MemoryModel();
  const root = testRoot();
  const [a, b] = await Promise.all([openKeyring(model.open(), [root]), openKeyring(model.open(), [root])]);
  assert.deepEqual(a.storeId, b.storeId);
  assert.ok(a.current("metadata").key.equals(b.current("metadata").key));
});

test("a first start whose answer is lost still opens one keyring", async () => {
  for (const applied of [true, false]) {
    const model = new MemoryModel();
    model.inject({ kind: "unknown", applied });
    const made = openKeyring(model.open(), [testRoot()]);
    if (applied) assert.ok(await made);
    else await assert.rejects(made, /could not be made/);
  }
});

test("a missing or wrong root key refuses and changes nothing", async () => {
  const store = new MemoryModel().open();
  const root = testRoot();
  await openKeyring(store, [root]);
  const before = await store.scan({ table: "keyring", from: new Uint8Array(), limit: 99 });
  await assert.rejects(openKeyring(store, []), refusal("root-key-missing"));
  await assert.rejects(openKeyring(store, [testRoot()]), refusal("root-key-wrong"));
  await assert.rejects(openKeyring(store, [testRoot(2)]), refusal("root-key-wrong"));
  assert.deepEqual(await store.scan({ table: "keyring", from: new Uint8Array(), limit: 99 }), before);
});

test("no root key on an empty store refuses, too", async () => {
  await assert.rejects(openKeyring(new MemoryModel().open(), []), refusal("root-key-missing"));
});

test("sealed data without a keyring never gets a new one", async () => {
  const rows = new MemoryModel().open();
  await rows.commit({ id: newRev(), put: [put("k", "sealed", "version")] });
  await assert.rejects(openKeyring(rows, [testRoot()]), refusal("keyring-missing"));
  const blobs = new MemoryModel().open();
  await blobs.blobs.put(newBlobId(), chunks(Uint8Array.of(1)), 1);
  await assert.rejects(openKeyring(blobs, [testRoot()]), refusal("keyring-missing"));
});

test("a keyring with a part missing refuses", async () => {
  const model = new MemoryModel();
  const root = testRoot();
  await openKeyring(model.open(), [root]);
  model.tamper("keyring", new TextEncoder().encode("domain"), undefined);
  await assert.rejects(openKeyring(model.open(), [root]), refusal("keyring-missing"));
});

test("a row of one purpose doesn't open as another", async () => {
  const model = new MemoryModel();
  const root = testRoot();
  await openKeyring(model.open(), [root]);
  const { rows } = await model.open().scan({ table: "keyring", from: new Uint8Array(), limit: 99 });
  const [audit, domain] = rows;
  assert.ok(audit && domain);
  model.tamper("keyring", domain.key, { ...audit, key: domain.key });
  await assert.rejects(loadKeyring(model.open(), [root]), refusal("root-key-wrong"));
});

test("a row that is cut, empty, of another format, or out of order is damaged", async () => {
  const model = new MemoryModel();
  const root = testRoot();
  const first = await openKeyring(model.open(), [root]);
  const key = new TextEncoder().encode("service");
  const [one] = await model.open().get([{ table: "keyring", key }]);
  await addTerm(model.open(), first, [root], "service");
  const [two] = await model.open().get([{ table: "keyring", key }]);
  assert.ok(one !== undefined && two !== undefined);
  const [oldest, newest] = [one.value.subarray(1), two.value.subarray(one.value.length)];
  const damaged: readonly (readonly [TableName, Uint8Array, Uint8Array])[] = [
    // The oldest in the newest one's place would seal from now on.
    ["keyring", key, Buffer.concat([two.value.subarray(0, 1), newest, oldest])],
    ["keyring", key, Buffer.concat([two.value, newest])],
    ["keyring", key, two.value.subarray(0, -1)],
    ["keyring", key, two.value.subarray(0, 30)],
    ["keyring", key, two.value.subarray(0, 1)],
    ["keyring", key, new Uint8Array()],
    ["keyring", key, Uint8Array.of(9, ...two.value.subarray(1))],
    ["system", new TextEncoder().encode("store"), Uint8Array.of(1, 2, 3)],
  ];
  for (const [table, at, value] of damaged) {
    const [row] = await model.open().get([{ table, key: at }]);
    assert.ok(row !== undefined);
    model.tamper(table, at, { ...row, value: value as Sealed });
    await assert.rejects(openKeyring(model.open(), [root]), refusal("keyring-damaged"));
    model.tamper(table, at, row);
  }
  assert.equal((await openKeyring(model.open(), [root])).current("service").term, 2);
});

test("a new term is current, the old one stays, until it is removed", async () => {
  const store = new MemoryModel().open();
  const root = testRoot();
  const first = await openKeyring(store, [root]);
  const second = await addTerm(store, first, [root], "service");
  assert.equal(second.current("service").term, 2);
  assert.ok(second.byTerm("service", 1)?.equals(first.current("service").key));
  assert.equal(second.current("metadata").term, 1);
  const late = await addTerm(store, first, [root], "service");
  assert.equal(late.current("service").term, 2, "a stale keyring adds no term");
  const third = await removeTerm(store, late, [root], "service", 1);
  assert.equal(third.byTerm("service", 1), undefined);
  await assert.rejects(removeTerm(store, third, [root], "service", 2));
});

test("rotation is due by age or by count", async () => {
  const keyring = await openKeyring(new MemoryModel().open(), [testRoot()]);
  const policy = { ageMaxMs: 1000, usesMax: 10 };
  const { createdMs } = keyring.current("metadata");
  assert.ok(!rotationDue(keyring, "metadata", policy, createdMs + 999, 9));
  assert.ok(rotationDue(keyring, "metadata", policy, createdMs + 1000, 0));
  assert.ok(rotationDue(keyring, "metadata", policy, createdMs, 10));
});

test("a root-key change reseals all rows at once and can be repeated", async () => {
  const store = new MemoryModel().open();
  const [old, next] = [testRoot(1), testRoot(2)];
  const before = await addTerm(store, await openKeyring(store, [old]), [old], "token");
  const after = await resealKeyring(store, [old], next);
  assert.equal(after.rootGeneration, 2);
  await assert.rejects(openKeyring(store, [old]), refusal("root-key-wrong"));
  const opened = await openKeyring(store, [old, next]);
  assert.ok(opened.byTerm("token", 2)?.equals(before.current("token").key));
  assert.equal((await resealKeyring(store, [old], next)).rootGeneration, 2);
});

test("a root-key change that conflicts leaves the old root in force", async () => {
  const model = new MemoryModel();
  const [old, next] = [testRoot(1), testRoot(2)];
  await openKeyring(model.open(), [old]);
  model.inject({ kind: "conflict" });
  await assert.rejects(resealKeyring(model.open(), [old], next));
  assert.equal((await openKeyring(model.open(), [old, next])).rootGeneration, 1);
});
