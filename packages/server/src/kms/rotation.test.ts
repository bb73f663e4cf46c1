import assert from "node:assert/strict";
import { test } from "node:test";
import { failed, ok } from "../api/kms/test/wire.ts";
import { MemoryModel } from "../store/memory/model.ts";
import { findOrMakeManagedKey } from "./managed-key.ts";
import { rotateDue } from "./rotation.ts";
import { ACCOUNT, testKms } from "./test/kernel.ts";

const DAY_MS = 86_400_000;
const Plaintext = Buffer.from("x").toString("base64");

test("three rotations on, the first blob opens, by the first material", async () => {
  const { kms } = await testKms();
  const { KeyId, Arn, CurrentKeyMaterialId: first } = (await ok(kms, "CreateKey", {})).KeyMetadata;
  const { CiphertextBlob } = await ok(kms, "Encrypt", { KeyId, Plaintext });
  for (let i = 0; i < 3; i++) assert.deepEqual(await ok(kms, "RotateKeyOnDemand", { KeyId }), { KeyId: Arn });
  const opened = await ok(kms, "Decrypt", { CiphertextBlob });
  assert.deepEqual([opened.Plaintext, opened.KeyMaterialId], [Plaintext, first]);
  const current = (await ok(kms, "DescribeKey", { KeyId })).KeyMetadata.CurrentKeyMaterialId;
  assert.notEqual(current, first);
  assert.equal((await ok(kms, "GenerateDataKey", { KeyId, KeySpec: "AES_256" })).KeyMaterialId, current);
  const moved = await ok(kms, "ReEncrypt", { CiphertextBlob, DestinationKeyId: KeyId });
  assert.deepEqual([moved.SourceKeyMaterialId, moved.DestinationKeyMaterialId], [first, current]);
});

test("ListKeyRotations: rotations alone, or all material", async () => {
  const { kms, clock } = await testKms();
  const { KeyId, Arn, CurrentKeyMaterialId } = (await ok(kms, "CreateKey", {})).KeyMetadata;
  await ok(kms, "RotateKeyOnDemand", { KeyId });
  await ok(kms, "RotateKeyOnDemand", { KeyId });
  const { Rotations } = await ok(kms, "ListKeyRotations", { KeyId });
  const RotationDate = clock.nowMs / 1000;
  assert.deepEqual(
    Rotations.map((r: object) => ({ ...r, KeyMaterialId: "" })),
    ["NON_CURRENT", "CURRENT"].map((KeyMaterialState) => ({
      KeyId: Arn,
      KeyMaterialId: "",
      KeyMaterialState,
      RotationDate,
      RotationType: "ON_DEMAND",
    })),
  );
  const all = await ok(kms, "ListKeyRotations", { KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" });
  assert.deepEqual(all.Rotations[0], {
    KeyId: Arn,
    KeyMaterialId: CurrentKeyMaterialId,
    KeyMaterialState: "NON_CURRENT",
  });
  const page = await ok(kms, "ListKeyRotations", { KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL", Limit: 2 });
  const rest = await ok(kms, "ListKeyRotations", {
    KeyId,
    IncludeKeyMaterial: "ALL_KEY_MATERIAL",
    Marker: page.NextMarker,
  });
  assert.deepEqual([...page.Rotations, ...rest.Rotations], all.Rotations);
});

test("25 rotations by hand, no more; automatic ones do not count", async () => {
  const { kms, clock } = await testKms();
  const { KeyId, Arn } = (await ok(kms, "CreateKey", {})).KeyMetadata;
  await ok(kms, "EnableKeyRotation", { KeyId });
  clock.nowMs += 365 * DAY_MS;
  assert.equal(await rotateDue(kms, clock.nowMs), 1);
  for (let i = 0; i < 25; i++) await ok(kms, "RotateKeyOnDemand", { KeyId });
  assert.deepEqual(await failed(kms, "RotateKeyOnDemand", { KeyId }), [
    "LimitExceededException",
    `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${Arn}`,
  ]);
});

test("the schedule: status, changes, dates, one rotation a period however late the job", async () => {
  const { kms, clock } = await testKms();
  const { KeyId, Arn } = (await ok(kms, "CreateKey", {})).KeyMetadata;
  const status = () => ok(kms, "GetKeyRotationStatus", { KeyId });
  assert.deepEqual(await status(), { KeyRotationEnabled: false, KeyId: Arn });
  await ok(kms, "EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
  const start = clock.nowMs;
  const on = (days: number) => ({
    KeyRotationEnabled: true,
    KeyId: Arn,
    RotationPeriodInDays: 90,
    NextRotationDate: (start + days * DAY_MS) / 1000,
  });
  assert.deepEqual(await status(), on(90));
  clock.nowMs += DAY_MS;
  await ok(kms, "EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
  assert.deepEqual(await status(), on(90));
  assert.equal(await rotateDue(kms, clock.nowMs), 0);
  clock.nowMs = start + 90 * DAY_MS - 60_000;
  assert.equal((await failed(kms, "RotateKeyOnDemand", { KeyId }))[0], "ConflictException");
  clock.nowMs = start + 200 * DAY_MS;
  assert.equal(await rotateDue(kms, clock.nowMs), 1);
  assert.equal(await rotateDue(kms, clock.nowMs), 0);
  assert.deepEqual(await status(), on(270));
  await ok(kms, "DisableKeyRotation", { KeyId });
  assert.deepEqual(await status(), { KeyRotationEnabled: false, KeyId: Arn });
});

test("a disabled key waits and is rotated when it comes back; a cancelled deletion restores the setting", async () => {
  const { kms, clock } = await testKms();
  const { KeyId } = (await ok(kms, "CreateKey", {})).KeyMetadata;
  await ok(kms, "EnableKeyRotation", { KeyId });
  await ok(kms, "DisableKey", { KeyId });
  clock.nowMs += 366 * DAY_MS;
  assert.equal(await rotateDue(kms, clock.nowMs), 0);
  await ok(kms, "EnableKey", { KeyId });
  assert.equal((await ok(kms, "ListKeyRotations", { KeyId })).Rotations.length, 1);
  await ok(kms, "ScheduleKeyDeletion", { KeyId });
  assert.equal((await ok(kms, "GetKeyRotationStatus", { KeyId })).KeyRotationEnabled, false);
  await ok(kms, "CancelKeyDeletion", { KeyId });
  assert.equal((await ok(kms, "GetKeyRotationStatus", { KeyId })).KeyRotationEnabled, true);
});

test("the managed key rotates by itself and is nobody's to rotate", async () => {
  const { kms, clock } = await testKms();
  const { KeyId, Arn } = (await ok(kms, "DescribeKey", { KeyId: "alias/aws/s3" })).KeyMetadata;
  for (const operation of ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"])
    assert.deepEqual(await failed(kms, operation, { KeyId }), [
      "UnsupportedOperationException",
      `${Arn} is an AWS managed key, whose rotation cannot be changed.`,
    ]);
  clock.nowMs += 365 * DAY_MS;
  assert.equal(await rotateDue(kms, clock.nowMs), 1);
  assert.equal((await findOrMakeManagedKey(kms, ACCOUNT)).value.materials.length, 2);
});

test("two processes rotate a due key once", async () => {
  const model = new MemoryModel();
  const [a, b] = [await testKms(model.open()), await testKms(model.open())];
  const { KeyId } = (await ok(a.kms, "CreateKey", {})).KeyMetadata;
  await ok(a.kms, "EnableKeyRotation", { KeyId });
  a.clock.nowMs += 400 * DAY_MS;
  b.clock.nowMs = a.clock.nowMs;
  await Promise.all([rotateDue(a.kms, a.clock.nowMs), rotateDue(b.kms, b.clock.nowMs)]);
  assert.equal((await ok(b.kms, "ListKeyRotations", { KeyId })).Rotations.length, 1);
});
