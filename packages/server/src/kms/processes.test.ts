/** Two openings of one LMDB directory: what one changes, the other honours on its very next call. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type LocalStore, openLocalStore } from "../store/local/open.ts";
import { createAlias, updateAlias } from "./aliases.ts";
import { EMPTY_CONTEXT } from "./context.ts";
import { createKey } from "./creation.ts";
import { decrypt } from "./decryption.ts";
import { encrypt } from "./encryption.ts";
import { listGrants } from "./grant-ends.ts";
import { createGrant, type NewGrant } from "./grants.ts";
import type { Kernel } from "./kernel.ts";
import { getKeyPolicy, putKeyPolicy } from "./key-policy.ts";
import { disableKey, enableKey } from "./lifecycle.ts";
import { defaultPolicy } from "./policies.ts";
import { ACCOUNT, directRequester, testKms } from "./test/kernel.ts";

const me = directRequester();
let directory: string;
const stores: LocalStore[] = [];
let a: Kernel;
let b: Kernel;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), "strongroom-kms-"));
  const open = async () => {
    const store = await openLocalStore({
      directory,
      onFatal: (cause) => assert.fail(cause),
      reserveBytes: 0,
    });
    stores.push(store);
    return (await testKms(store)).kms;
  };
  [a, b] = [await open(), await open()];
});
after(async () => {
  for (const store of stores) await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const use = (kms: Kernel, keyId: string) =>
  encrypt(kms, me, { keyId, plaintext: new Uint8Array([1]), context: EMPTY_CONTEXT });

test("DisableKey and EnableKey of one process hold in the other at once", async () => {
  const keyId = String((await createKey(a, me, {})).KeyId);
  const { blob } = await use(b, keyId);
  for (let i = 0; i < 20; i++) {
    const [one, other] = i % 2 === 0 ? [a, b] : [b, a];
    await disableKey(one, me, keyId);
    await assert.rejects(use(other, keyId), { code: "DisabledException" });
    await assert.rejects(decrypt(other, me, { blob, context: EMPTY_CONTEXT }), { code: "DisabledException" });
    await enableKey(other, me, keyId);
    await use(one, keyId);
  }
});

test("a moved alias and a new policy, too", async () => {
  const [first, second] = [await createKey(a, me, {}), await createKey(b, me, {})];
  await createAlias(a, me, "alias/p", String(first.KeyId));
  assert.equal((await use(b, "alias/p")).arn, first.Arn);
  await updateAlias(b, me, "alias/p", String(second.KeyId));
  assert.equal((await use(a, "alias/p")).arn, second.Arn);
  for (let i = 1; i < 10; i++) {
    const policy = defaultPolicy(ACCOUNT) + " ".repeat(i);
    await putKeyPolicy(i % 2 === 0 ? a : b, me, String(first.KeyId), policy, {});
    assert.equal(await getKeyPolicy(i % 2 === 0 ? b : a, me, String(first.KeyId), undefined), policy);
  }
});

test("identical grants of one name, at once in both, are one; two that differ are two", async () => {
  const keyId = String((await createKey(a, me, {})).KeyId);
  const grant = (i: number, operations: NewGrant["operations"]) =>
    createGrant(i % 2 === 0 ? a : b, me, {
      keyId,
      grantee: `arn:aws:iam::${ACCOUNT}:root`,
      operations,
      name: "n",
    });
  const made = await Promise.all(
    Array.from({ length: 24 }, (_, i) => grant(i, i % 4 < 2 ? ["Encrypt"] : ["Decrypt"])),
  );
  assert.equal(new Set(made.filter((_, i) => i % 4 < 2).map(({ id }) => id)).size, 1);
  assert.equal(new Set(made.map(({ id }) => id)).size, 2);
  assert.equal((await listGrants(a, me, { keyId })).items.length, 2);
});

test("the quota of keys holds for keys that are made at once, in both", async () => {
  const before = await a.rows.keyCount(ACCOUNT);
  const limited = [a, b].map((kms) => ({ ...kms, keysPerAccountMax: before + 4 }));
  const made = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) =>
      createKey(limited[i % 2] ?? a, me, { spec: "RSA_2048", usage: "SIGN_VERIFY" }),
    ),
  );
  for (const one of made)
    if (one.status === "rejected") assert.equal(one.reason.code, "LimitExceededException");
  assert.equal(made.filter(({ status }) => status === "fulfilled").length, 4);
  assert.equal(await a.rows.keyCount(ACCOUNT), before + 4);
});

test("many at once, in both: nothing is lost", async () => {
  const keyId = String((await createKey(a, me, {})).KeyId);
  const names = Array.from({ length: 16 }, (_, i) => `alias/many-${i}`);
  await Promise.all(names.map((name, i) => createAlias(i % 2 === 0 ? a : b, me, name, keyId)));
  assert.deepEqual((await a.rows.key(ACCOUNT, keyId))?.value.aliases, names.toSorted());
});
