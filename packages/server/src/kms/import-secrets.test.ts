/** Imported HMAC keys and key pairs (spec kms 11), whose results are compared with the platform's own under the same key. */
import assert from "node:assert/strict";
import {
  constants,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  verify,
} from "node:crypto";
import { test } from "node:test";
import { failed, ok } from "../api/kms/test/wire.ts";
import { MemoryModel } from "../store/memory/model.ts";
import { expireDue } from "./import.ts";
import type { Kernel } from "./kernel.ts";
import { bring, forever, wrapped } from "./test/import.ts";
import { testKms } from "./test/kernel.ts";
import { verifyKeys } from "./verify.ts";

const Message = Buffer.from("message").toString("base64");
const bytes = (fill: number, size: number): Uint8Array => new Uint8Array(size).fill(fill);
const pkcs8 = (key: KeyObject): Uint8Array => key.export({ format: "der", type: "pkcs8" });
const spki = (key: KeyObject): string =>
  createPublicKey(key).export({ format: "der", type: "spki" }).toString("base64");
const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;

const newKey = async (
  kms: Kernel,
  KeySpec: string,
  KeyUsage = "SIGN_VERIFY",
): Promise<{ KeyId: string; Arn: string }> =>
  (await ok(kms, "CreateKey", { Origin: "EXTERNAL", KeySpec, KeyUsage })).KeyMetadata;
const describe = async (kms: Kernel, KeyId: string) => (await ok(kms, "DescribeKey", { KeyId })).KeyMetadata;
const importing = async (kms: Kernel, KeyId: string, material: Uint8Array, algorithm?: string) =>
  failed(kms, "ImportKeyMaterial", { ...(await wrapped(kms, KeyId, material, algorithm)), ...forever });
async function problems(kms: Kernel): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const key of verifyKeys(kms)) found.push(...key.problems);
  return found;
}

test("an imported HMAC key makes the MACs that its owner makes", async () => {
  const { kms } = await testKms();
  for (const bits of [224, 256, 384, 512]) {
    const material = bytes(bits % 251, bits / 8);
    const { KeyId, Arn } = await newKey(kms, `HMAC_${bits}`, "GENERATE_VERIFY_MAC");
    const mac = { KeyId, Message, MacAlgorithm: `HMAC_SHA_${bits}` };
    assert.deepEqual(await failed(kms, "GenerateMac", mac), [
      "KMSInvalidStateException",
      `${Arn} is pending import.`,
    ]);
    for (const size of [material.length - 1, material.length + 1])
      assert.equal((await importing(kms, KeyId, bytes(1, size)))[0], "IncorrectKeyMaterialException");
    assert.equal((await importing(kms, KeyId, bytes(0, bits / 8)))[0], "IncorrectKeyMaterialException");
    await bring(kms, KeyId, material);
    const shown = await describe(kms, KeyId);
    assert.deepEqual(
      [shown.KeyState, shown.Origin, shown.ExpirationModel, shown.CurrentKeyMaterialId],
      ["Enabled", "EXTERNAL", "KEY_MATERIAL_DOES_NOT_EXPIRE", undefined],
    );
    assert.equal(
      (await ok(kms, "GenerateMac", mac)).Mac,
      createHmac(`sha${bits}`, material).update("message").digest("base64"),
    );
  }
});

test("an imported EC key signs as its owner's, and agrees on secrets", async () => {
  const { kms } = await testKms();
  for (const [KeySpec, curve, bits] of [
    ["ECC_NIST_P256", "prime256v1", 256],
    ["ECC_NIST_P384", "secp384r1", 384],
    ["ECC_NIST_P521", "secp521r1", 512],
    ["ECC_SECG_P256K1", "secp256k1", 256],
  ] as const) {
    const own = ec(curve);
    const { KeyId, Arn } = await newKey(kms, KeySpec);
    assert.deepEqual(await failed(kms, "GetPublicKey", { KeyId }), [
      "KMSInvalidStateException",
      `${Arn} is pending import.`,
    ]);
    await ok(kms, "ImportKeyMaterial", {
      ...(await wrapped(kms, KeyId, pkcs8(own), "RSA_AES_KEY_WRAP_SHA_256")),
      ...forever,
    });
    assert.equal((await ok(kms, "GetPublicKey", { KeyId })).PublicKey, spki(own));
    const { Signature } = await ok(kms, "Sign", { KeyId, Message, SigningAlgorithm: `ECDSA_SHA_${bits}` });
    assert.ok(
      verify(`sha${bits}`, Buffer.from("message"), createPublicKey(own), Buffer.from(Signature, "base64")),
    );
  }
  const own = ec("prime256v1");
  const other = ec("prime256v1");
  const { KeyId } = await newKey(kms, "ECC_NIST_P256", "KEY_AGREEMENT");
  // Small enough for one OAEP block.
  await bring(kms, KeyId, pkcs8(own));
  const agreed = await ok(kms, "DeriveSharedSecret", {
    KeyId,
    KeyAgreementAlgorithm: "ECDH",
    PublicKey: spki(other),
  });
  assert.equal(agreed.KeyOrigin, "EXTERNAL");
  assert.equal(
    agreed.SharedSecret,
    diffieHellman({ privateKey: other, publicKey: createPublicKey(own) }).toString("base64"),
  );
});

test("an imported Ed25519 key signs", async () => {
  const { kms } = await testKms();
  const own = generateKeyPairSync("ed25519").privateKey;
  const { KeyId } = await newKey(kms, "ECC_NIST_EDWARDS25519");
  await bring(kms, KeyId, pkcs8(own));
  const { Signature } = await ok(kms, "Sign", { KeyId, Message, SigningAlgorithm: "ED25519_SHA_512" });
  assert.ok(verify(null, Buffer.from("message"), createPublicKey(own), Buffer.from(Signature, "base64")));
});

test("an imported RSA key signs and decrypts; it takes the wrapping that has room for it", async () => {
  const { kms } = await testKms();
  const own = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const { KeyId } = await newKey(kms, "RSA_2048", "ENCRYPT_DECRYPT");
  for (const WrappingAlgorithm of ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
    assert.equal(
      (
        await failed(kms, "GetParametersForImport", { KeyId, WrappingAlgorithm, WrappingKeySpec: "RSA_4096" })
      )[0],
      "ValidationException",
    );
  const sha1 = "RSA_AES_KEY_WRAP_SHA_1";
  const large = await newKey(kms, "RSA_3072");
  assert.equal((await importing(kms, large.KeyId, pkcs8(own), sha1))[0], "IncorrectKeyMaterialException");
  await ok(kms, "ImportKeyMaterial", { ...(await wrapped(kms, KeyId, pkcs8(own), sha1)), ...forever });
  const CiphertextBlob = publicEncrypt(
    { key: createPublicKey(own), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" },
    Buffer.from("message"),
  ).toString("base64");
  const opened = await ok(kms, "Decrypt", {
    KeyId,
    CiphertextBlob,
    EncryptionAlgorithm: "RSAES_OAEP_SHA_256",
  });
  assert.equal(opened.Plaintext, Message);
});

test("one material for life: the same comes back after removal and expiry, another does not", async () => {
  const model = new MemoryModel();
  const { kms, clock } = await testKms(model.open());
  const own = pkcs8(ec("prime256v1"));
  const mac = bytes(3, 32);
  const pair = await newKey(kms, "ECC_NIST_P256");
  const hmac = await newKey(kms, "HMAC_256", "GENERATE_VERIFY_MAC");
  const cases = [
    [pair.KeyId, own, pkcs8(ec("prime256v1")), "Sign", { SigningAlgorithm: "ECDSA_SHA_256" }],
    [hmac.KeyId, mac, bytes(4, 32), "GenerateMac", { MacAlgorithm: "HMAC_SHA_256" }],
  ] as const;
  for (const [KeyId, material, other, operation, algorithm] of cases) {
    const use = { KeyId, Message, ...algorithm };
    const ValidTo = clock.nowMs / 1000 + 3600;
    const id = await bring(kms, KeyId, material, { ValidTo });
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal((await importing(kms, KeyId, other))[0], "IncorrectKeyMaterialException");
    await ok(kms, operation, use);
    assert.equal((await ok(kms, "DeleteImportedKeyMaterial", { KeyId })).KeyMaterialId, id);
    assert.equal((await failed(kms, operation, use))[0], "KMSInvalidStateException");
    assert.deepEqual(await problems(kms), []);
    assert.equal((await importing(kms, KeyId, other))[0], "IncorrectKeyMaterialException");
    assert.equal(await bring(kms, KeyId, material, { ValidTo }), id);
    // Another process unwraps it anew.
    await ok((await testKms(model.open())).kms, operation, use);
  }
  clock.nowMs += 3_600_000;
  assert.equal(await expireDue(kms, clock.nowMs), 2);
  for (const [KeyId, material, , operation, algorithm] of cases) {
    assert.equal((await describe(kms, KeyId)).KeyState, "PendingImport");
    await bring(kms, KeyId, material);
    await ok(kms, operation, { KeyId, Message, ...algorithm });
  }
  assert.deepEqual(await problems(kms), []);
});

test("what is for symmetric keys only, and for none", async () => {
  const { kms } = await testKms();
  const { KeyId } = await newKey(kms, "HMAC_256", "GENERATE_VERIFY_MAC");
  const good = { ...(await wrapped(kms, KeyId, bytes(1, 32))), ...forever };
  for (const more of [
    { ImportType: "NEW_KEY_MATERIAL" },
    { ImportType: "EXISTING_KEY_MATERIAL" },
    { KeyMaterialDescription: "d" },
    { KeyMaterialId: "ab".repeat(32) },
  ])
    assert.deepEqual(await failed(kms, "ImportKeyMaterial", { ...good, ...more }), [
      "ValidationException",
      "ImportType, KeyMaterialDescription and KeyMaterialId are for symmetric encryption keys only.",
    ]);
  await ok(kms, "ImportKeyMaterial", good);
  for (const operation of ["RotateKeyOnDemand", "EnableKeyRotation", "DisableKeyRotation"])
    assert.equal((await failed(kms, operation, { KeyId }))[0], "UnsupportedOperationException");
  // Not an error: Terraform asks it of every key, whatever its spec.
  const { KeyRotationEnabled } = await ok(kms, "GetKeyRotationStatus", { KeyId });
  assert.equal(KeyRotationEnabled, false);
  assert.deepEqual(
    await failed(kms, "CreateKey", { Origin: "EXTERNAL", KeySpec: "ML_DSA_44", KeyUsage: "SIGN_VERIFY" }),
    ["UnsupportedOperationException", "Key material of KeySpec ML_DSA_44 cannot be imported."],
  );
});
