import assert from "node:assert/strict";
import { createECDH, createPublicKey, ECDH, generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";
import { importedId, importedKeyPair } from "./imported-key.ts";
import { type KeyPairSpec, signMessage, type SigningAlgorithm, verifyMessage } from "./key-pairs.ts";

const pkcs8 = (key: KeyObject): Buffer => key.export({ format: "der", type: "pkcs8" });
const spki = (key: KeyObject): Buffer => createPublicKey(key).export({ format: "der", type: "spki" });
const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync("rsa", { modulusLength, publicExponent }).privateKey;

const KEYS: readonly (readonly [KeyPairSpec, KeyObject, SigningAlgorithm])[] = [
  ["RSA_2048", rsa(2048), "RSASSA_PSS_SHA_256"],
  ["ECC_NIST_P256", ec("prime256v1"), "ECDSA_SHA_256"],
  ["ECC_NIST_P384", ec("secp384r1"), "ECDSA_SHA_384"],
  ["ECC_NIST_P521", ec("secp521r1"), "ECDSA_SHA_512"],
  ["ECC_SECG_P256K1", ec("secp256k1"), "ECDSA_SHA_256"],
  ["ECC_NIST_EDWARDS25519", generateKeyPairSync("ed25519").privateKey, "ED25519_SHA_512"],
];
const message = new Uint8Array(5);
const unfit = { code: "BadKey" };

for (const [spec, key, algorithm] of KEYS)
  test(`${spec}: takes its own kind and no other`, () => {
    const { privateKey, publicKey } = importedKeyPair(spec, pkcs8(key));
    assert.deepEqual(Buffer.from(publicKey), spki(key));
    assert.ok(verifyMessage(spki(key), algorithm, message, signMessage(privateKey, algorithm, message)));
    for (const [other] of KEYS)
      if (other !== spec) assert.throws(() => importedKeyPair(other, pkcs8(key)), unfit);
  });

test("RSA: the size and the exponent count, and so does the padding it is bound to", () => {
  assert.throws(() => importedKeyPair("RSA_3072", pkcs8(rsa(2048))), unfit);
  assert.throws(() => importedKeyPair("RSA_2048", pkcs8(rsa(1024))), unfit);
  assert.throws(() => importedKeyPair("RSA_2048", pkcs8(rsa(2048, 3))), unfit);
  const pss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey;
  assert.throws(() => importedKeyPair("RSA_2048", pkcs8(pss)), unfit);
});

test("other encodings of a key than PKCS #8, and parts of one, are refused", () => {
  const key = ec("prime256v1");
  for (const bytes of [
    key.export({ format: "der", type: "sec1" }),
    Buffer.from(key.export({ format: "pem", type: "pkcs8" })),
    spki(key),
    pkcs8(key).subarray(0, -1),
    new Uint8Array(32).fill(7),
  ])
    assert.throws(() => importedKeyPair("ECC_NIST_P256", bytes), unfit);
});

test("a public half that is another key's is refused", () => {
  const key = pkcs8(ec("prime256v1"));
  spki(ec("prime256v1")).copy(key, key.length - 65, 26);
  assert.throws(() => importedKeyPair("ECC_NIST_P256", key), unfit);
});

test("equal keys have one id, however their point is written; another key or ARN has another", () => {
  const key = ec("prime256v1");
  const ecdh = createECDH("prime256v1");
  const plain = pkcs8(key);
  ecdh.setPrivateKey(plain.subarray(36, 68));
  const point = ECDH.convertKey(ecdh.getPublicKey(), "prime256v1", undefined, undefined, "compressed");
  assert.ok(Buffer.isBuffer(point));
  // RFC 5915 inside RFC 5958, with a public key of 33 bytes in place of 65: each length on the way is 32 less.
  const short = Buffer.concat([plain.subarray(0, -65), point]);
  for (const at of [2, 28, 30, 69, 71]) short[at] = (short[at] ?? 0) - 32;
  const id = (bytes: Uint8Array, arn = "a"): string =>
    Buffer.from(importedId(importedKeyPair("ECC_NIST_P256", bytes).publicKey, arn)).toString("hex");
  assert.equal(id(short), id(plain));
  assert.match(id(plain), /^[0-9a-f]{64}$/);
  assert.notEqual(id(plain), id(plain, "b"));
  assert.notEqual(id(plain), id(pkcs8(ec("prime256v1"))));
});
