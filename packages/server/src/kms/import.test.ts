/** Imported key material through the wire layer (spec kms 11). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failed, ok } from "../api/kms/test/wire.ts";
import { expireDue } from "./import.ts";
import type { Kernel } from "./kernel.ts";
import { bring, forever, wrapped } from "./test/import.ts";
import { ACCOUNT, testKms } from "./test/kernel.ts";
import { materialRow } from "./row-keys.ts";
import { MemoryModel } from "../store/memory/model.ts";

const DAY_S = 86_400;
const Plaintext = Buffer.from("x").toString("base64");
const bytes = (fill: number, size = 32): Uint8Array => new Uint8Array(size).fill(fill);
const newKey = async (kms: Kernel): Promise<{ KeyId: string; Arn: string }> =>
  (await ok(kms, "CreateKey", { Origin: "EXTERNAL" })).KeyMetadata;

const describe = async (kms: Kernel, KeyId: string) => (await ok(kms, "DescribeKey", { KeyId })).KeyMetadata;

test("a key waits for its material and works with it, whichever way it was wrapped", async () => {
  const { kms } = await testKms();
  for (const algorithm of [
    "RSAES_OAEP_SHA_1",
    "RSAES_OAEP_SHA_256",
    "RSA_AES_KEY_WRAP_SHA_1",
    "RSA_AES_KEY_WRAP_SHA_256",
  ]) {
    const { KeyId, Arn } = await newKey(kms);
    const before = await describe(kms, KeyId);
    assert.deepEqual(
      [before.KeyState, before.Origin, before.Enabled, before.CurrentKeyMaterialId, before.ExpirationModel],
      ["PendingImport", "EXTERNAL", false, undefined, undefined],
    );
    assert.deepEqual(await failed(kms, "Encrypt", { KeyId, Plaintext }), [
      "KMSInvalidStateException",
      `${Arn} is pending import.`,
    ]);
    const made = await ok(kms, "ImportKeyMaterial", {
      ...(await wrapped(kms, KeyId, bytes(1), algorithm)),
      ...forever,
    });
    assert.equal(made.KeyId, Arn);
    const { CiphertextBlob } = await ok(kms, "Encrypt", { KeyId, Plaintext });
    const opened = await ok(kms, "Decrypt", { CiphertextBlob });
    assert.deepEqual([opened.Plaintext, opened.KeyMaterialId], [Plaintext, made.KeyMaterialId]);
    const shown = await describe(kms, KeyId);
    assert.deepEqual(
      [shown.KeyState, shown.CurrentKeyMaterialId, shown.ExpirationModel],
      ["Enabled", made.KeyMaterialId, "KEY_MATERIAL_DOES_NOT_EXPIRE"],
    );
  }
});

test("two keys with the same material do not open each other's blobs", async () => {
  const { kms } = await testKms();
  const [a, b] = [await newKey(kms), await newKey(kms)];
  assert.notEqual(await bring(kms, a.KeyId, bytes(1)), await bring(kms, b.KeyId, bytes(1)));
  const blob = Buffer.from(
    (await ok(kms, "Encrypt", { KeyId: a.KeyId, Plaintext })).CiphertextBlob,
    "base64",
  );
  const other = Buffer.from(
    (await ok(kms, "Encrypt", { KeyId: b.KeyId, Plaintext })).CiphertextBlob,
    "base64",
  );
  // The header of one, the rest of the other.
  other.copy(blob, 5, 5, 37);
  assert.deepEqual(await failed(kms, "Decrypt", { CiphertextBlob: blob.toString("base64") }), [
    "InvalidCiphertextException",
    "",
  ]);
});

test("deleted material stops the key at once; the same material brings it back, another does not", async () => {
  const model = new MemoryModel();
  const { kms } = await testKms(model.open());
  const { KeyId, Arn } = await newKey(kms);
  const id = await bring(kms, KeyId, bytes(1));
  const { CiphertextBlob } = await ok(kms, "Encrypt", { KeyId, Plaintext });
  assert.deepEqual(await ok(kms, "DeleteImportedKeyMaterial", { KeyId }), { KeyId: Arn, KeyMaterialId: id });
  const [row] = await model.open().get([{ table: "kms", key: materialRow(ACCOUNT, KeyId, id) }]);
  assert.equal(row, undefined);
  assert.deepEqual(await failed(kms, "Decrypt", { CiphertextBlob }), [
    "KMSInvalidStateException",
    `${Arn} is pending import.`,
  ]);
  await ok(kms, "DeleteImportedKeyMaterial", { KeyId });
  assert.equal(
    (await failed(kms, "ImportKeyMaterial", { ...(await wrapped(kms, KeyId, bytes(2))), ...forever }))[0],
    "IncorrectKeyMaterialException",
  );
  assert.equal(await bring(kms, KeyId, bytes(1)), id);
  assert.equal((await ok(kms, "Decrypt", { CiphertextBlob })).Plaintext, Plaintext);
});

test("material expires at its date, job or no job, and can be imported again", async () => {
  const { kms, clock } = await testKms();
  const { KeyId, Arn } = await newKey(kms);
  const ValidTo = clock.nowMs / 1000 + DAY_S;
  const id = await bring(kms, KeyId, bytes(1), { ValidTo });
  const shown = await describe(kms, KeyId);
  assert.deepEqual([shown.ExpirationModel, shown.ValidTo], ["KEY_MATERIAL_EXPIRES", ValidTo]);
  await ok(kms, "Encrypt", { KeyId, Plaintext });
  clock.nowMs += DAY_S * 1000;
  assert.deepEqual(await failed(kms, "Encrypt", { KeyId, Plaintext }), [
    "KMSInvalidStateException",
    `${Arn} is pending import.`,
  ]);
  assert.equal((await describe(kms, KeyId)).KeyState, "PendingImport");
  const refusing = { ...kms.hooks, materialExpired: () => Promise.reject(new Error("not now")) };
  await assert.rejects(expireDue({ ...kms, hooks: refusing }, clock.nowMs), /not now/);
  const told: string[] = [];
  const hooks = { ...kms.hooks, materialExpired: (_: unknown, phase: string) => void told.push(phase) };
  assert.equal(await expireDue({ ...kms, hooks }, clock.nowMs), 1);
  assert.equal(await expireDue({ ...kms, hooks }, clock.nowMs), 0);
  assert.deepEqual(told, ["intent", "done"]);
  assert.equal((await describe(kms, KeyId)).KeyState, "PendingImport");
  assert.equal(await bring(kms, KeyId, bytes(1)), id);
  await ok(kms, "Encrypt", { KeyId, Plaintext });
});

test("further material waits for a rotation by hand, one at a time", async () => {
  const { kms } = await testKms();
  const { KeyId, Arn } = await newKey(kms);
  const first = await bring(kms, KeyId, bytes(1));
  const { CiphertextBlob } = await ok(kms, "Encrypt", { KeyId, Plaintext });
  assert.deepEqual(await failed(kms, "RotateKeyOnDemand", { KeyId }), [
    "KMSInvalidStateException",
    `No available key material pending rotation for the key: ${Arn}.`,
  ]);
  const described = { ...forever, ImportType: "NEW_KEY_MATERIAL", KeyMaterialDescription: "two" };
  assert.deepEqual(
    await failed(kms, "ImportKeyMaterial", {
      ...(await wrapped(kms, KeyId, bytes(2))),
      ...described,
      KeyMaterialDescription: "one;two",
    }),
    [
      "ValidationException",
      "1 validation error detected: Value 'one;two' at 'keyMaterialDescription' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_\\s.-]+$",
    ],
  );
  const second = await bring(kms, KeyId, bytes(2), described);
  assert.equal((await describe(kms, KeyId)).CurrentKeyMaterialId, first);
  const [type, text] = await failed(kms, "ImportKeyMaterial", {
    ...(await wrapped(kms, KeyId, bytes(3))),
    ...forever,
    ImportType: "NEW_KEY_MATERIAL",
  });
  assert.equal(type, "KMSInvalidStateException");
  assert.match(
    text,
    new RegExp(
      `^New key material \\(id: [0-9a-f]{64}\\) cannot be imported into KMS key ${KeyId}, because another key material \\(id: ${second}\\) is pending rotation\\.$`,
    ),
  );
  await ok(kms, "RotateKeyOnDemand", { KeyId });
  assert.equal((await describe(kms, KeyId)).CurrentKeyMaterialId, second);
  assert.equal((await ok(kms, "Decrypt", { CiphertextBlob })).KeyMaterialId, first);
  const { Rotations } = await ok(kms, "ListKeyRotations", { KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" });
  assert.deepEqual(
    Rotations.map((r: Record<string, string>) => [
      r.KeyMaterialId,
      r.KeyMaterialState,
      r.ImportState,
      r.KeyMaterialDescription,
    ]),
    [
      [first, "NON_CURRENT", "IMPORTED", undefined],
      [second, "CURRENT", "IMPORTED", "two"],
    ],
  );
  // Every version is needed: without the old one the key waits.
  await ok(kms, "DeleteImportedKeyMaterial", { KeyId, KeyMaterialId: first });
  assert.equal((await failed(kms, "Encrypt", { KeyId, Plaintext }))[0], "KMSInvalidStateException");
});

test("tokens, dates, sizes and origins that do not fit", async () => {
  const { kms, clock } = await testKms();
  const { KeyId } = await newKey(kms);
  const other = await newKey(kms);
  const good = { ...(await wrapped(kms, KeyId, bytes(1))), ...forever };
  const importing = (more: object) => failed(kms, "ImportKeyMaterial", { ...good, ...more });
  assert.equal((await importing({ KeyId: other.KeyId }))[0], "InvalidImportTokenException");
  assert.equal((await importing({ ImportToken: "AAAA" }))[0], "InvalidImportTokenException");
  assert.deepEqual(await importing({ EncryptedKeyMaterial: "AAAA" }), ["InvalidCiphertextException", ""]);
  assert.deepEqual(await importing({ ExpirationModel: undefined }), [
    "ValidationException",
    "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
  ]);
  assert.equal((await importing({ ValidTo: clock.nowMs / 1000 + DAY_S }))[0], "ValidationException");
  for (const days of [-1, 0, 366])
    assert.equal(
      (
        await importing({
          ExpirationModel: "KEY_MATERIAL_EXPIRES",
          ValidTo: clock.nowMs / 1000 + days * DAY_S,
        })
      )[0],
      "ValidationException",
    );
  const short = await wrapped(kms, KeyId, bytes(1, 16));
  assert.equal(
    (await failed(kms, "ImportKeyMaterial", { ...short, ...forever }))[0],
    "IncorrectKeyMaterialException",
  );
  const own = (await ok(kms, "CreateKey", {})).KeyMetadata;
  for (const operation of ["GetParametersForImport", "ImportKeyMaterial", "DeleteImportedKeyMaterial"])
    assert.deepEqual(
      await failed(kms, operation, {
        ...good,
        KeyId: own.KeyId,
        WrappingAlgorithm: "RSAES_OAEP_SHA_256",
        WrappingKeySpec: "RSA_2048",
      }),
      [
        "UnsupportedOperationException",
        `${own.Arn} origin is AWS_KMS which is not valid for this operation.`,
      ],
    );
  assert.equal(
    (await failed(kms, "EnableKeyRotation", { KeyId }))[1],
    `${(await describe(kms, KeyId)).Arn} origin is EXTERNAL which is not valid for this operation.`,
  );
  assert.equal(
    (
      await failed(kms, "GetParametersForImport", {
        KeyId,
        WrappingAlgorithm: "RSAES_PKCS1_V1_5",
        WrappingKeySpec: "RSA_2048",
      })
    )[0],
    "ValidationException",
  );
  clock.nowMs += DAY_S * 1000;
  assert.equal((await importing({}))[0], "ExpiredImportTokenException");
});
