import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryModel } from "../store/memory/model.ts";
import { createAlias } from "./aliases.ts";
import { EMPTY_CONTEXT } from "./context.ts";
import { createKey } from "./creation.ts";
import { decrypt } from "./decryption.ts";
import { cancelDeletion, destroyDue, scheduleDeletion } from "./deletion.ts";
import { encrypt } from "./encryption.ts";
import type { Kernel } from "./kernel.ts";
import { describeKey, enableKey } from "./lifecycle.ts";
import { ensureKey } from "./bootstrap.ts";
import { listKeys } from "./listing.ts";
import { ACCOUNT, directRequester, testKms } from "./test/kernel.ts";

const me = directRequester();
const DAY_MS = 86_400_000;

async function rowsLeft(model: MemoryModel): Promise<readonly string[]> {
  const { rows } = await model.open().scan({ table: "kms", from: new Uint8Array(), limit: 1000 });
  return rows.map((row) => new TextDecoder().decode(row.key).split("\0")[0] ?? "");
}

async function keyWithAliases(
  kms: Kernel,
  aliases: number,
): Promise<{ readonly id: string; readonly arn: string }> {
  const { KeyId, Arn } = await createKey(kms, me, {});
  for (let i = 0; i < aliases; i++) await createAlias(kms, me, `alias/of-${i}`, String(KeyId));
  return { id: String(KeyId), arn: String(Arn) };
}

test("when the date has passed, key, material and aliases go, and the id is never used again", async () => {
  const model = new MemoryModel();
  const { kms, clock, deleted } = await testKms(model.open());
  const { id, arn } = await keyWithAliases(kms, 40);
  const { blob } = await encrypt(kms, me, {
    keyId: id,
    plaintext: new Uint8Array([1]),
    context: EMPTY_CONTEXT,
  });
  const { deletionMs, days } = await scheduleDeletion(kms, me, id);
  assert.equal(days, 30);
  assert.equal(await destroyDue(kms, clock.now()), 0);
  clock.nowMs = deletionMs;
  assert.equal(await destroyDue(kms, clock.now()), 1);
  assert.deepEqual(await rowsLeft(model), ["gone"]);
  assert.equal(deleted.length, 1);
  assert.equal(deleted[0]?.aliases.length, 40);
  assert.equal(deleted[0].materialIds.length, 1);
  await assert.rejects(describeKey(kms, me, id), {
    code: "NotFoundException",
    message: `Key '${arn}' does not exist`,
  });
  await assert.rejects(describeKey(kms, me, "alias/of-0"), { message: /^Alias .* is not found\.$/ });
  await assert.rejects(decrypt(kms, me, { blob, context: EMPTY_CONTEXT }), {
    code: "AccessDeniedException",
    message: /^The ciphertext refers/,
  });
  assert.equal(await ensureKey(kms, { account: ACCOUNT, keyId: id }), "deleted");
});

test("cancelled in time, the key comes back disabled", async () => {
  const { kms, clock } = await testKms();
  const { id, arn } = await keyWithAliases(kms, 1);
  const { deletionMs } = await scheduleDeletion(kms, me, id, 7);
  assert.equal(deletionMs, clock.now() + 7 * DAY_MS);
  assert.equal(await cancelDeletion(kms, me, id), arn);
  clock.nowMs = deletionMs + 1;
  assert.equal(await destroyDue(kms, clock.now()), 0);
  assert.equal((await describeKey(kms, me, id)).KeyState, "Disabled");
  await enableKey(kms, me, id);
  await encrypt(kms, me, { keyId: id, plaintext: new Uint8Array([1]), context: EMPTY_CONTEXT });
});

test("a job cut off between its steps leaves nothing that clients see, and the next run ends it", async () => {
  for (const commits of [1, 2, 3]) {
    const model = new MemoryModel();
    const { kms, clock } = await testKms(model.open());
    const { id, arn } = await keyWithAliases(kms, 33);
    clock.nowMs = (await scheduleDeletion(kms, me, id, 7)).deletionMs;
    let left = commits;
    const dying: Kernel = {
      ...kms,
      rows: new Proxy(kms.rows, {
        get(rows, name) {
          if (name === "commit" && left-- <= 0) throw new Error("cut off");
          const member: unknown = Reflect.get(rows, name);
          return typeof member === "function" ? member.bind(rows) : member;
        },
      }),
    };
    await assert.rejects(destroyDue(dying, clock.now()), /cut off/);
    await assert.rejects(describeKey(kms, me, id), { message: `Key '${arn}' does not exist` });
    await assert.rejects(cancelDeletion(kms, me, id), { message: `Key '${arn}' does not exist` });
    assert.deepEqual((await listKeys(kms, me, {})).items, []);
    assert.equal(await destroyDue(kms, clock.now()), 1);
    assert.deepEqual(await rowsLeft(model), ["gone"]);
  }
});

test("two processes may run the job at once", async () => {
  const model = new MemoryModel();
  const [a, b] = [await testKms(model.open()), await testKms(model.open())];
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push((await keyWithAliases(a.kms, 0)).id);
  for (const id of ids) await scheduleDeletion(a.kms, me, id, 7);
  a.clock.nowMs += 8 * DAY_MS;
  b.clock.nowMs = a.clock.nowMs;
  const done = await Promise.all([destroyDue(a.kms, a.clock.now()), destroyDue(b.kms, b.clock.now())]);
  assert.equal((done[0] ?? 0) + (done[1] ?? 0), 3);
  assert.deepEqual(await rowsLeft(model), ["gone", "gone", "gone"]);
});
