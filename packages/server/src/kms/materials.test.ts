import assert from "node:assert/strict";
import { test } from "node:test";
import { IntegrityError } from "../base/errors.ts";
import { newRev } from "../base/ids.ts";
import { KMS_MATERIAL_HELD_MS_MAX } from "../base/limits.ts";
import { MemoryModel } from "../store/memory/model.ts";
import type { Row, Sealed } from "../store/port.ts";
import { createAlias, updateAlias } from "./aliases.ts";
import { EMPTY_CONTEXT } from "./context.ts";
import { createKey } from "./creation.ts";
import { encrypt } from "./encryption.ts";
import type { Kernel } from "./kernel.ts";
import { disableKey } from "./lifecycle.ts";
import { putKeyPolicy } from "./key-policy.ts";
import { defaultPolicy } from "./policies.ts";
import { aliasRow, keyRow, materialRow, rangeOf, textsRow } from "./row-keys.ts";
import { ACCOUNT, directRequester, testKms } from "./test/kernel.ts";

const me = directRequester();
const use = (kms: Kernel, keyId: string) =>
  encrypt(kms, me, { keyId, plaintext: new Uint8Array([1]), context: EMPTY_CONTEXT });

async function made(kms: Kernel): Promise<{ readonly keyId: string; readonly materialId: string }> {
  const metadata = await createKey(kms, me, {});
  return { keyId: String(metadata.KeyId), materialId: String(metadata.CurrentKeyMaterialId) };
}

const integrity = (error: unknown): boolean => error instanceof IntegrityError;

/** Puts stored bytes back in place, as somebody with the disk in hand can. */
async function overwrite(
  model: MemoryModel,
  table: "kms" | "list",
  key: Uint8Array,
  value: Sealed | undefined,
): Promise<void> {
  const at = { table, key };
  await model
    .open()
    .commit({ id: newRev(), ...(value === undefined ? { delete: [at] } : { put: [{ ...at, value }] }) });
}
async function read(model: MemoryModel, key: Uint8Array): Promise<Row> {
  const [row] = await model.open().get([{ table: "kms", key }]);
  assert.ok(row !== undefined);
  return row;
}

test("material of another key, or none, is corruption and never used", async () => {
  const model = new MemoryModel();
  const { kms } = await testKms(model.open());
  const a = await made(kms);
  const b = await made(kms);
  const row = materialRow(ACCOUNT, a.keyId, a.materialId);
  const { value } = await read(model, materialRow(ACCOUNT, b.keyId, b.materialId));
  await overwrite(model, "kms", row, value);
  // Fresh processes: nothing is held unwrapped.
  await assert.rejects(use((await testKms(model.open())).kms, a.keyId), integrity);
  await overwrite(model, "kms", row, undefined);
  await assert.rejects(use((await testKms(model.open())).kms, a.keyId), integrity);
  await use(kms, b.keyId);
});

test("an older record of a key is corruption: a disabled key does not come back that way", async () => {
  const model = new MemoryModel();
  const { kms } = await testKms(model.open());
  const { keyId } = await made(kms);
  const enabled = await read(model, keyRow(ACCOUNT, keyId));
  await disableKey(kms, me, keyId);
  await overwrite(model, "kms", keyRow(ACCOUNT, keyId), enabled.value);
  await assert.rejects(use(kms, keyId), integrity);
  await assert.rejects(use((await testKms(model.open())).kms, keyId), integrity);
  await overwrite(model, "kms", keyRow(ACCOUNT, keyId), undefined);
  await assert.rejects(use(kms, keyId), integrity);
});

test("an older policy is corruption", async () => {
  const model = new MemoryModel();
  const { kms } = await testKms(model.open());
  const { keyId } = await made(kms);
  const old = await read(model, textsRow(ACCOUNT, keyId));
  await putKeyPolicy(kms, me, keyId, `${defaultPolicy(ACCOUNT)} `, {});
  await overwrite(model, "kms", textsRow(ACCOUNT, keyId), old.value);
  await assert.rejects(use((await testKms(model.open())).kms, keyId), integrity);
});

test("an older alias that names a key which knows it no more is corruption", async () => {
  const model = new MemoryModel();
  const { kms } = await testKms(model.open());
  const [first, second] = [await made(kms), await made(kms)];
  await createAlias(kms, me, "alias/a", first.keyId);
  const row = aliasRow(ACCOUNT, "alias/a");
  const old = await read(model, row);
  await updateAlias(kms, me, "alias/a", second.keyId);
  await use((await testKms(model.open())).kms, "alias/a");
  await overwrite(model, "kms", row, old.value);
  await assert.rejects(use((await testKms(model.open())).kms, "alias/a"), integrity);
  await use((await testKms(model.open())).kms, second.keyId);
});

test("unwrapped material is let go after its time, and at once when the clock is set back", async () => {
  const { kms, clock } = await testKms();
  const { keyId } = await made(kms);
  for (const [jumpMs, left] of [
    [KMS_MATERIAL_HELD_MS_MAX - 1, 1],
    [1, 0],
    [-1, 0],
  ] as const) {
    if (kms.materials.held().length === 0) await use(kms, keyId);
    assert.equal(kms.materials.held().length, 1);
    clock.nowMs += jumpMs;
    kms.materials.sweep();
    assert.equal(kms.materials.held().length, left, `${jumpMs} ms`);
  }
});

test("nothing of a key's records is readable in the store", async () => {
  const model = new MemoryModel();
  const { kms } = await testKms(model.open());
  await createKey(kms, me, {
    description: "CANARY-TEXT",
    tags: [{ key: "CANARY-KEY", value: "CANARY-VALUE" }],
  });
  const page = await model.open().scan({ table: "kms", from: new Uint8Array(), limit: 100 });
  assert.ok(page.rows.length >= 4);
  for (const row of page.rows) assert.ok(!Buffer.from(row.value).includes("CANARY"));
  assert.ok(rangeOf("key").from.length > 0);
});
