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

test("many at once, in both: nothing is lost", async () => {
  const keyId = String((await createKey(a, me, {})).KeyId);
  const names = Array.from({ length: 16 }, (_, i) => `alias/many-${i}`);
  await Promise.all(names.map((name, i) => createAlias(i % 2 === 0 ? a : b, me, name, keyId)));
  assert.deepEqual((await a.rows.key(ACCOUNT, keyId))?.value.aliases, names.toSorted());
});
