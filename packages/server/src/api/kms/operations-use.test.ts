/** Operations that use keys, on the wire: data keys, random bytes, re-encryption, dry runs. */
import type { Kernel } from "../../kms/kernel.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACCOUNT, REGION, testKms } from "../../kms/test/kernel.ts";
import { failed, ok } from "./test/wire.ts";

const arnOf = (id: string, account: string = ACCOUNT) => `arn:aws:kms:${REGION}:${account}:key/${id}`;
const b64 = (text: string) => Buffer.from(text).toString("base64");

async function newKey(kms: Kernel, input: object = {}): Promise<string> {
  return (await ok(kms, "CreateKey", input)).KeyMetadata.KeyId;
}

test("GenerateDataKey wants exactly one size", async () => {
  const { kms } = await testKms();
  const KeyId = await newKey(kms);
  const text = ["ValidationException", "Please specify either number of bytes or key spec."];
  for (const operation of ["GenerateDataKey", "GenerateDataKeyWithoutPlaintext"]) {
    assert.deepEqual(await failed(kms, operation, { KeyId }), text);
    assert.deepEqual(await failed(kms, operation, { KeyId, KeySpec: "AES_256", NumberOfBytes: 32 }), text);
    for (const [size, bytes] of [
      [{ KeySpec: "AES_128" }, 16],
      [{ KeySpec: "AES_256" }, 32],
      [{ NumberOfBytes: 1024 }, 1024],
      [{ NumberOfBytes: 1 }, 1],
    ] as const) {
      const data = await ok(kms, operation, { KeyId, ...size });
      assert.equal("Plaintext" in data, operation === "GenerateDataKey");
      const { Plaintext } = await ok(kms, "Decrypt", { CiphertextBlob: data.CiphertextBlob });
      assert.equal(Buffer.from(Plaintext, "base64").length, bytes);
      assert.equal(data.Plaintext ?? Plaintext, Plaintext);
    }
  }
});

test("GenerateRandom", async () => {
  const { kms } = await testKms();
  assert.deepEqual(await failed(kms, "GenerateRandom", {}), [
    "ValidationException",
    "NumberOfBytes is required.",
  ]);
  assert.equal(
    Buffer.from((await ok(kms, "GenerateRandom", { NumberOfBytes: 33 })).Plaintext, "base64").length,
    33,
  );
  assert.equal(
    (await failed(kms, "GenerateRandom", { NumberOfBytes: 8, Recipient: {} }))[0],
    "UnsupportedOperationException",
  );
});

test("ReEncrypt: both keys authorised, contexts apart, the plaintext unseen", async () => {
  const { kms, authoriser } = await testKms();
  const [a, b] = [await newKey(kms), await newKey(kms)];
  const { CiphertextBlob } = await ok(kms, "Encrypt", {
    KeyId: a,
    Plaintext: b64("x"),
    EncryptionContext: { k: "1" },
  });
  const move = { CiphertextBlob, SourceEncryptionContext: { k: "1" }, DestinationKeyId: b };
  authoriser.asked.length = 0;
  const moved = await ok(kms, "ReEncrypt", move);
  assert.deepEqual(
    authoriser.asked.map((r) => [r.action, r.resource, r.conditions.get("kms:reencryptonsamekey")]),
    [
      ["kms:ReEncryptFrom", arnOf(a), "false"],
      ["kms:ReEncryptTo", arnOf(b), "false"],
    ],
  );
  assert.deepEqual([moved.SourceKeyId, moved.KeyId, "Plaintext" in moved], [arnOf(a), arnOf(b), false]);
  assert.equal((await ok(kms, "Decrypt", { CiphertextBlob: moved.CiphertextBlob })).Plaintext, b64("x"));
  authoriser.asked.length = 0;
  await ok(kms, "ReEncrypt", { ...move, DestinationKeyId: a });
  assert.deepEqual(
    authoriser.asked.map((r) => r.conditions.get("kms:reencryptonsamekey")),
    ["true", "true"],
  );
  assert.deepEqual(await failed(kms, "ReEncrypt", { ...move, SourceEncryptionContext: {} }), [
    "InvalidCiphertextException",
    "",
  ]);
  assert.equal((await failed(kms, "ReEncrypt", { ...move, SourceKeyId: b }))[0], "IncorrectKeyException");
  for (const action of ["kms:ReEncryptFrom", "kms:ReEncryptTo"]) {
    authoriser.answer = (_, r) =>
      r.action === action ? { kind: "implicit-deny", reason: "because" } : undefined;
    assert.match((await failed(kms, "ReEncrypt", move))[1], new RegExp(`perform: ${action} on`));
  }
});

test("a dry run is an error when all is well, does nothing, and fails as the call would", async () => {
  const { kms, calls } = await testKms();
  const KeyId = await newKey(kms);
  const { CiphertextBlob } = await ok(kms, "Encrypt", { KeyId, Plaintext: b64("x") });
  calls.clear();
  const would = [
    "DryRunOperationException",
    "The request would have succeeded, but the DryRun option is set.",
  ];
  const inputs: Record<string, object> = {
    Encrypt: { KeyId, Plaintext: b64("x") },
    Decrypt: { CiphertextBlob },
    GenerateDataKey: { KeyId, KeySpec: "AES_256" },
    GenerateDataKeyWithoutPlaintext: { KeyId, KeySpec: "AES_256" },
    ReEncrypt: { CiphertextBlob, DestinationKeyId: KeyId },
  };
  for (const [operation, input] of Object.entries(inputs))
    assert.deepEqual(await failed(kms, operation, { ...input, DryRun: true }), would, operation);
  assert.deepEqual(
    await failed(kms, "Decrypt", { KeyId, DryRun: true, DryRunModifiers: ["IGNORE_CIPHERTEXT"] }),
    would,
  );
  assert.equal(
    (await failed(kms, "Decrypt", { KeyId, DryRunModifiers: ["IGNORE_CIPHERTEXT"] }))[0],
    "ValidationException",
  );
  assert.match((await failed(kms, "Decrypt", { KeyId }))[1], /Value null at 'ciphertextBlob'/);
  await ok(kms, "DisableKey", { KeyId });
  for (const [operation, input] of Object.entries(inputs))
    assert.deepEqual(await failed(kms, operation, { ...input, DryRun: true }), [
      "DisabledException",
      `${arnOf(KeyId)} is disabled.`,
    ]);
  assert.equal(calls.size, 0);
});
