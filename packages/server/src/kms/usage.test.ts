import assert from "node:assert/strict";
import { test } from "node:test";
import { failed, ok, REQUEST_ID } from "../api/kms/test/wire.ts";
import { MemoryModel } from "../store/memory/model.ts";
import { keepHouse, runJobs } from "./jobs.ts";
import { testKms } from "./test/kernel.ts";

const Plaintext = Buffer.from("x").toString("base64");

test("the last successful use, here at once, elsewhere after the job", async () => {
  const model = new MemoryModel();
  const [a, b] = [await testKms(model.open()), await testKms(model.open())];
  const { KeyId, Arn } = (await ok(a.kms, "CreateKey", {})).KeyMetadata;
  const created = a.clock.nowMs / 1000;
  const never = { KeyId: Arn, KeyLastUsage: {}, TrackingStartDate: created, KeyCreationDate: created };
  assert.deepEqual(await ok(a.kms, "GetKeyLastUsage", { KeyId }), never);
  a.clock.nowMs += 60_000;
  const { CiphertextBlob } = await ok(a.kms, "Encrypt", { KeyId, Plaintext });
  await failed(a.kms, "Decrypt", { CiphertextBlob, EncryptionContext: { wrong: "context" } });
  await failed(a.kms, "Decrypt", { CiphertextBlob, DryRun: true });
  const used = {
    ...never,
    KeyLastUsage: {
      Operation: "Encrypt",
      Timestamp: a.clock.nowMs / 1000,
      KmsRequestId: "00000000-0000-4000-8000-000000000000",
    },
  };
  assert.notEqual(REQUEST_ID, used.KeyLastUsage.KmsRequestId);
  assert.deepEqual(await ok(a.kms, "GetKeyLastUsage", { KeyId }), used);
  assert.deepEqual(await ok(b.kms, "GetKeyLastUsage", { KeyId }), never);
  assert.deepEqual(await runJobs(a.kms, a.clock.nowMs), { destroyed: 0, expired: 0, rotated: 0, counted: 0 });
  await keepHouse(a.kms);
  assert.deepEqual(await ok(b.kms, "GetKeyLastUsage", { KeyId }), used);
  b.clock.nowMs = a.clock.nowMs + 1000;
  await ok(b.kms, "Decrypt", { CiphertextBlob });
  await keepHouse(b.kms);
  assert.equal((await ok(a.kms, "GetKeyLastUsage", { KeyId })).KeyLastUsage.Operation, "Decrypt");
});

test("policies may ask how many days a key has not been used, from its creation on", async () => {
  const { kms, clock, authoriser } = await testKms();
  const { KeyId } = (await ok(kms, "CreateKey", {})).KeyMetadata;
  const days = async (operation: string): Promise<unknown> => {
    await ok(kms, operation, { KeyId });
    return authoriser.asked.at(-1)?.conditions.get("kms:trailingdayswithoutkeyusage");
  };
  clock.nowMs += 3.5 * 86_400_000;
  assert.equal(await days("DisableKey"), "3");
  assert.equal(await days("EnableKey"), undefined);
  await ok(kms, "Encrypt", { KeyId, Plaintext });
  assert.equal(await days("DisableKey"), "0");
  clock.nowMs += 100 * 86_400_000;
  assert.equal(await days("ScheduleKeyDeletion"), "100");
});
