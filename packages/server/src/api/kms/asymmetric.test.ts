/** HMAC keys and key pairs (spec kms 12), checked against the platform's own ciphers. */
import assert from "node:assert/strict";
import {
  constants,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
  verify,
} from "node:crypto";
import { test } from "node:test";
import type { Kernel } from "../../kms/kernel.ts";
import { MemoryModel } from "../../store/memory/model.ts";
import { testKms } from "../../kms/test/kernel.ts";
import { failed, ok } from "./test/wire.ts";

const b64 = (data: string | Uint8Array): string => Buffer.from(data).toString("base64");
const Message = b64("message");

async function newKey(
  kms: Kernel,
  KeySpec: string,
  KeyUsage: string,
): Promise<{ KeyId: string; Arn: string }> {
  return (await ok(kms, "CreateKey", { KeySpec, KeyUsage })).KeyMetadata;
}
const spki = (key: string) =>
  createPublicKey({ key: Buffer.from(key, "base64"), format: "der", type: "spki" });

test("HMAC keys: the matching algorithm alone, verification without a false", async () => {
  const model = new MemoryModel();
  const { kms } = await testKms(model.open());
  for (const bits of [224, 256, 384, 512]) {
    const { KeyId, Arn } = await newKey(kms, `HMAC_${bits}`, "GENERATE_VERIFY_MAC");
    const MacAlgorithm = `HMAC_SHA_${bits}`;
    const { Mac, ...rest } = await ok(kms, "GenerateMac", { KeyId, Message, MacAlgorithm });
    assert.deepEqual(rest, { MacAlgorithm, KeyId: Arn });
    assert.equal(Buffer.from(Mac, "base64").length, bits / 8);
    // Another process, which unwraps the key anew, makes the same.
    const other = (await testKms(model.open())).kms;
    assert.deepEqual(await ok(other, "VerifyMac", { KeyId, Message, MacAlgorithm, Mac }), {
      KeyId: Arn,
      MacValid: true,
      MacAlgorithm,
    });
    assert.notEqual(Mac, createHmac(`sha${bits}`, "").update("message").digest("base64"));
    for (const wrong of [{ Message: b64("other") }, { Mac: b64("x") }])
      assert.deepEqual(await failed(kms, "VerifyMac", { KeyId, Message, MacAlgorithm, Mac, ...wrong }), [
        "KMSInvalidMacException",
        "",
      ]);
  }
  const { KeyId, Arn } = await newKey(kms, "HMAC_224", "GENERATE_VERIFY_MAC");
  assert.deepEqual(await failed(kms, "GenerateMac", { KeyId, Message, MacAlgorithm: "HMAC_SHA_256" }), [
    "InvalidKeyUsageException",
    "Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224.",
  ]);
  assert.deepEqual(await failed(kms, "Encrypt", { KeyId, Plaintext: Message }), [
    "InvalidKeyUsageException",
    `${Arn} key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt.`,
  ]);
  assert.equal(
    (await failed(kms, "GenerateMac", { KeyId, Message, MacAlgorithm: "HMAC_SHA_224", DryRun: true }))[0],
    "DryRunOperationException",
  );
  assert.deepEqual(await failed(kms, "GetPublicKey", { KeyId }), ["UnsupportedOperationException", ""]);
  assert.deepEqual(await failed(kms, "EnableKeyRotation", { KeyId }), ["UnsupportedOperationException", ""]);
  assert.equal((await ok(kms, "DescribeKey", { KeyId })).KeyMetadata.CurrentKeyMaterialId, undefined);
});

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const SIGNERS: readonly (readonly [string, string, string | null, object])[] = [
  ["RSA_2048", "RSASSA_PSS_SHA_256", "sha256", PSS],
  ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512", "sha512", {}],
  ["ECC_NIST_P256", "ECDSA_SHA_256", "sha256", {}],
  ["ECC_NIST_P384", "ECDSA_SHA_384", "sha384", {}],
  ["ECC_NIST_P521", "ECDSA_SHA_512", "sha512", {}],
  ["ECC_SECG_P256K1", "ECDSA_SHA_256", "sha256", {}],
  ["ECC_NIST_EDWARDS25519", "ED25519_SHA_512", null, {}],
  ["ML_DSA_44", "ML_DSA_SHAKE_256", null, {}],
  ["ML_DSA_65", "ML_DSA_SHAKE_256", null, {}],
  ["ML_DSA_87", "ML_DSA_SHAKE_256", null, {}],
];
for (const [spec, SigningAlgorithm, hash, options] of SIGNERS)
  test(`Sign and Verify: ${spec} with ${SigningAlgorithm}`, async () => {
    const { kms } = await testKms();
    const { KeyId, Arn } = await newKey(kms, spec, "SIGN_VERIFY");
    const { Signature, ...rest } = await ok(kms, "Sign", { KeyId, Message, SigningAlgorithm });
    assert.deepEqual(rest, { KeyId: Arn, SigningAlgorithm });
    const shown = await ok(kms, "GetPublicKey", { KeyId });
    assert.deepEqual([shown.KeyId, shown.KeySpec, shown.KeyUsage], [Arn, spec, "SIGN_VERIFY"]);
    assert.ok(shown.SigningAlgorithms.includes(SigningAlgorithm));
    assert.ok(
      verify(
        hash,
        Buffer.from("message"),
        { key: spki(shown.PublicKey), ...options },
        Buffer.from(Signature, "base64"),
      ),
    );
    assert.deepEqual(await ok(kms, "Verify", { KeyId, Message, SigningAlgorithm, Signature }), {
      KeyId: Arn,
      SignatureValid: true,
      SigningAlgorithm,
    });
    assert.deepEqual(
      await failed(kms, "Verify", { KeyId, Message: b64("other"), SigningAlgorithm, Signature }),
      ["KMSInvalidSignatureException", ""],
    );
    assert.deepEqual(await failed(kms, "Verify", { KeyId, Message, SigningAlgorithm, Signature: b64("x") }), [
      "KMSInvalidSignatureException",
      "",
    ]);
  });

for (const SigningAlgorithm of ["RSASSA_PSS_SHA_384", "RSASSA_PKCS1_V1_5_SHA_256"])
  test(`${SigningAlgorithm}: signing a message and signing its digest are the same`, async () => {
    const { kms } = await testKms();
    const { KeyId } = await newKey(kms, "RSA_2048", "SIGN_VERIFY");
    const hash = `sha${SigningAlgorithm.slice(-3)}`;
    const Digest = createHash(hash).update("message").digest("base64");
    const asMessage = { KeyId, SigningAlgorithm, Message };
    const asDigest = { KeyId, SigningAlgorithm, Message: Digest, MessageType: "DIGEST" };
    for (const [signed, verified] of [
      [asDigest, asMessage],
      [asMessage, asDigest],
      [asDigest, asDigest],
    ]) {
      const { Signature } = await ok(kms, "Sign", signed);
      assert.equal((await ok(kms, "Verify", { ...verified, Signature })).SignatureValid, true);
    }
    const { Signature } = await ok(kms, "Sign", asDigest);
    const other = createHash(hash).update("other").digest("base64");
    assert.deepEqual(await failed(kms, "Verify", { ...asDigest, Message: other, Signature }), [
      "KMSInvalidSignatureException",
      "",
    ]);
    assert.deepEqual(await failed(kms, "Sign", { ...asDigest, Message }), [
      "ValidationException",
      `Digest is invalid length for algorithm ${SigningAlgorithm}.`,
    ]);
  });

test("message types that an algorithm cannot have are told; what no platform's ciphers do is refused by name", async () => {
  const { kms } = await testKms();
  const refused = async (spec: string, SigningAlgorithm: string, MessageType: string, bytes: number) => {
    const { KeyId } = await newKey(kms, spec, "SIGN_VERIFY");
    const input = { KeyId, SigningAlgorithm, MessageType, Message: b64(new Uint8Array(bytes)) };
    const [type, message] = await failed(kms, "Sign", input);
    assert.deepEqual(await failed(kms, "Verify", { ...input, Signature: Message }), [type, message]);
    return `${type}: ${message}`;
  };
  const cases: readonly (readonly [string, string, string, number, string])[] = [
    ["ECC_NIST_P256", "ECDSA_SHA_256", "DIGEST", 31, "ValidationException: Digest is invalid length"],
    ["ECC_NIST_P256", "ECDSA_SHA_256", "EXTERNAL_MU", 64, "ValidationException: MessageType EXTERNAL_MU"],
    ["ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "DIGEST", 64, "ValidationException: MessageType DIGEST"],
    ["ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512", "RAW", 9, "ValidationException: MessageType RAW"],
    ["ML_DSA_44", "ML_DSA_SHAKE_256", "DIGEST", 64, "ValidationException: MessageType DIGEST"],
    ["ML_DSA_44", "ML_DSA_SHAKE_256", "EXTERNAL_MU", 63, "ValidationException: Digest is invalid length"],
    ["ECC_NIST_P256", "ECDSA_SHA_256", "DIGEST", 32, "UnsupportedOperationException: MessageType DIGEST"],
    [
      "ECC_NIST_EDWARDS25519",
      "ED25519_PH_SHA_512",
      "DIGEST",
      64,
      "UnsupportedOperationException: ED25519_PH",
    ],
    ["ML_DSA_44", "ML_DSA_SHAKE_256", "EXTERNAL_MU", 64, "UnsupportedOperationException: MessageType"],
  ];
  for (const [spec, algorithm, type, bytes, text] of cases) {
    const told = await refused(spec, algorithm, type, bytes);
    assert.ok(told.startsWith(text), told);
  }
  const { KeyId } = await newKey(kms, "ECC_NIST_P256", "SIGN_VERIFY");
  assert.equal(
    (await failed(kms, "Sign", { KeyId, Message, SigningAlgorithm: "ECDSA_SHA_384" }))[0],
    "InvalidKeyUsageException",
  );
});

test("RSA encryption: raw blobs that name no key, sizes, usage", async () => {
  const { kms } = await testKms();
  const { KeyId, Arn } = await newKey(kms, "RSA_2048", "ENCRYPT_DECRYPT");
  const EncryptionAlgorithm = "RSAES_OAEP_SHA_256";
  const { CiphertextBlob } = await ok(kms, "Encrypt", { KeyId, Plaintext: Message, EncryptionAlgorithm });
  assert.equal(Buffer.from(CiphertextBlob, "base64").length, 256);
  assert.deepEqual(await ok(kms, "Decrypt", { KeyId, CiphertextBlob, EncryptionAlgorithm }), {
    Plaintext: Message,
    KeyId: Arn,
    EncryptionAlgorithm,
  });
  const { PublicKey } = await ok(kms, "GetPublicKey", { KeyId });
  const outside = publicEncrypt(
    { key: spki(PublicKey), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" },
    Buffer.from("message"),
  );
  assert.equal(
    (
      await ok(kms, "Decrypt", {
        KeyId,
        CiphertextBlob: b64(outside),
        EncryptionAlgorithm: "RSAES_OAEP_SHA_1",
      })
    ).Plaintext,
    Message,
  );
  assert.deepEqual(
    await failed(kms, "Decrypt", { KeyId, CiphertextBlob: b64(outside), EncryptionAlgorithm }),
    ["InvalidCiphertextException", ""],
  );
  assert.equal(
    (await failed(kms, "Decrypt", { CiphertextBlob, EncryptionAlgorithm }))[0],
    "ValidationException",
  );
  assert.deepEqual(
    await failed(kms, "Encrypt", {
      KeyId,
      Plaintext: b64(new Uint8Array(215)),
      EncryptionAlgorithm: "RSAES_OAEP_SHA_1",
    }),
    [
      "ValidationException",
      "Algorithm RSAES_OAEP_SHA_1 and key spec RSA_2048 cannot encrypt data larger than 214 bytes.",
    ],
  );
  await ok(kms, "Encrypt", { KeyId, Plaintext: b64(new Uint8Array(190)), EncryptionAlgorithm });
  assert.equal(
    (
      await failed(kms, "Encrypt", {
        KeyId,
        Plaintext: Message,
        EncryptionAlgorithm,
        EncryptionContext: { a: "b" },
      })
    )[0],
    "ValidationException",
  );
  for (const [operation, input] of [
    ["Encrypt", { Plaintext: Message }],
    ["GenerateDataKey", { KeySpec: "AES_256" }],
  ] as const)
    assert.deepEqual(await failed(kms, operation, { KeyId, ...input }), [
      "InvalidKeyUsageException",
      "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.",
    ]);
  const symmetric = (await ok(kms, "CreateKey", {})).KeyMetadata;
  const moved = await ok(kms, "ReEncrypt", {
    CiphertextBlob,
    SourceKeyId: KeyId,
    SourceEncryptionAlgorithm: EncryptionAlgorithm,
    DestinationKeyId: symmetric.KeyId,
  });
  assert.equal((await ok(kms, "Decrypt", { CiphertextBlob: moved.CiphertextBlob })).Plaintext, Message);
  const signer = await newKey(kms, "RSA_2048", "SIGN_VERIFY");
  assert.equal(
    (await failed(kms, "Decrypt", { KeyId: signer.KeyId, CiphertextBlob, EncryptionAlgorithm }))[0],
    "IncorrectKeyException",
  );
});

test("DeriveSharedSecret agrees with the other side", async () => {
  const { kms } = await testKms();
  const { KeyId, Arn } = await newKey(kms, "ECC_NIST_P256", "KEY_AGREEMENT");
  const mine = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const theirs = (await ok(kms, "GetPublicKey", { KeyId })).PublicKey;
  const PublicKey = b64(mine.publicKey.export({ format: "der", type: "spki" }));
  const { SharedSecret, ...rest } = await ok(kms, "DeriveSharedSecret", {
    KeyId,
    KeyAgreementAlgorithm: "ECDH",
    PublicKey,
  });
  assert.equal(SharedSecret, b64(diffieHellman({ privateKey: mine.privateKey, publicKey: spki(theirs) })));
  assert.deepEqual(rest, { KeyId: Arn, KeyAgreementAlgorithm: "ECDH", KeyOrigin: "AWS_KMS" });
  const foreign = generateKeyPairSync("ec", { namedCurve: "secp384r1" }).publicKey.export({
    format: "der",
    type: "spki",
  });
  for (const bad of ["AAAA", b64(foreign)])
    assert.deepEqual(
      await failed(kms, "DeriveSharedSecret", { KeyId, KeyAgreementAlgorithm: "ECDH", PublicKey: bad }),
      ["ValidationException", ""],
    );
});

test("data key pairs: the private key is sealed, and shown once or not at all", async () => {
  const { kms } = await testKms();
  const { KeyId } = (await ok(kms, "CreateKey", {})).KeyMetadata;
  const EncryptionContext = { a: "b" };
  for (const operation of ["GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"]) {
    const pair = await ok(kms, operation, { KeyId, KeyPairSpec: "ECC_NIST_P384", EncryptionContext });
    const { Plaintext } = await ok(kms, "Decrypt", {
      CiphertextBlob: pair.PrivateKeyCiphertextBlob,
      EncryptionContext,
    });
    assert.equal(pair.PrivateKeyPlaintext ?? Plaintext, Plaintext);
    assert.equal("PrivateKeyPlaintext" in pair, operation === "GenerateDataKeyPair");
    const key = createPrivateKey({ key: Buffer.from(Plaintext, "base64"), format: "der", type: "pkcs8" });
    assert.equal(b64(createPublicKey(key).export({ format: "der", type: "spki" })), pair.PublicKey);
  }
  assert.equal(
    (await failed(kms, "GenerateDataKeyPair", { KeyId, KeyPairSpec: "SM2" }))[0],
    "UnsupportedOperationException",
  );
  assert.equal(
    (await failed(kms, "GenerateDataKeyPair", { KeyId, KeyPairSpec: "ML_DSA_44" }))[0],
    "ValidationException",
  );
});

test("an alias moves only between keys of one type and usage", async () => {
  const { kms } = await testKms();
  const symmetric = (await ok(kms, "CreateKey", {})).KeyMetadata;
  const mac = await newKey(kms, "HMAC_256", "GENERATE_VERIFY_MAC");
  await ok(kms, "CreateAlias", { AliasName: "alias/x", TargetKeyId: symmetric.KeyId });
  assert.equal(
    (await failed(kms, "UpdateAlias", { AliasName: "alias/x", TargetKeyId: mac.KeyId }))[0],
    "ValidationException",
  );
});
