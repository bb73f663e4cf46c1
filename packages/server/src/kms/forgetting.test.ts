import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryModel } from "../store/memory/model.ts";
import { EMPTY_CONTEXT } from "./context.ts";
import { createKey } from "./creation.ts";
import { destroyDue, scheduleDeletion } from "./deletion.ts";
import { encrypt } from "./encryption.ts";
import { destroyedAmong, Forgetting } from "./forgetting.ts";
import type { Kernel } from "./kernel.ts";
import { directRequester, testKms } from "./test/kernel.ts";

const me = directRequester();
const DAY_MS = 86_400_000;

const use = (kms: Kernel, keyId: string) =>
  encrypt(kms, me, { keyId, plaintext: new Uint8Array([1]), context: EMPTY_CONTEXT });

test("material that one process destroys leaves the other's memory at its next look, wiped", async () => {
  const model = new MemoryModel();
  const [a, b] = [await testKms(model.open()), await testKms(model.open())];
  const [doomed, kept] = [await createKey(a.kms, me, {}), await createKey(a.kms, me, {})];
  for (const kms of [a.kms, b.kms]) for (const key of [doomed, kept]) await use(kms, String(key.KeyId));
  const forgetting = new Forgetting(b.kms);
  assert.equal(await forgetting.look(), true, "the first look");
  await forgetting.look();
  assert.equal(await forgetting.look(), false);
  assert.equal(b.kms.materials.held().length, 2);
  const held = (await b.kms.rows.key(a.kms.materials.held()[0]!.account, String(doomed.KeyId)))!.value;
  const { key: secret } = await b.kms.materials.get(held, held.materials[0]!);

  await scheduleDeletion(a.kms, me, String(doomed.KeyId), 7);
  assert.equal(await forgetting.look(), false, "scheduling removes nothing");
  a.clock.nowMs += 8 * DAY_MS;
  await destroyDue(a.kms, a.clock.now());
  assert.equal(b.kms.materials.held().length, 2, "until it looks");
  assert.equal(await forgetting.look(), true);
  assert.deepEqual(
    b.kms.materials.held().map(({ keyId }) => keyId),
    [String(kept.KeyId)],
  );
  assert.throws(() => secret.equals(secret), "its bytes are wiped");
  assert.equal(await forgetting.look(), true, "once more, for what was being unwrapped");
  assert.equal(await forgetting.look(), false);
  assert.deepEqual(await destroyedAmong(b.kms, [String(doomed.Arn), String(kept.Arn)]), [doomed.Arn]);
});
