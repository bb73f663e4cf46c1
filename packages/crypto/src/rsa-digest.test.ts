/** Signatures over digests against the platform's own signer, which hashes for itself. */
import assert from "node:assert/strict";
import { constants, createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { before, test } from "node:test";
import { exposeKeyBytes } from "./expose-key-bytes.ts";
import { type KeyPair, newKeyPair, type RsaSigningAlgorithm } from "./key-pairs.ts";
import { signRsaDigest, verifyRsaDigest } from "./rsa-digest.ts";

const message = Buffer.from("a message");
const ALGORITHMS = ["PSS", "PKCS1_V1_5"].flatMap((scheme) =>
  ([256, 384, 512] as const).map(
    (bits) => [`RSASSA_${scheme}_SHA_${bits}` as RsaSigningAlgorithm, `sha${bits}`] as const,
  ),
);
const options = (algorithm: string) =>
  algorithm.includes("PSS")
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
const digestOf = (hash: string): Buffer => createHash(hash).update(message).digest();

let pairs: readonly KeyPair[];
before(async () => {
  pairs = await Promise.all([newKeyPair("RSA_2048"), newKeyPair("RSA_3072")]);
});

for (const [algorithm, hash] of ALGORITHMS)
  test(`${algorithm}: each side accepts the other's signatures`, () => {
    for (const { privateKey, publicKey } of pairs) {
      const spki = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
      const pkcs8 = createPrivateKey({
        key: Buffer.from(exposeKeyBytes(privateKey)),
        format: "der",
        type: "pkcs8",
      });
      const ours = signRsaDigest(privateKey, algorithm, digestOf(hash));
      assert.ok(verify(hash, message, { key: spki, ...options(algorithm) }, ours));
      const theirs = sign(hash, message, { key: pkcs8, ...options(algorithm) });
      assert.ok(verifyRsaDigest(publicKey, algorithm, digestOf(hash), theirs));
      assert.ok(!verifyRsaDigest(publicKey, algorithm, digestOf(hash).fill(1, 0, 1), theirs));
    }
  });

test("what is no signature is none: altered, cut, above the modulus, of another salt length", () => {
  const [pair] = pairs;
  assert.ok(pair !== undefined);
  const { privateKey, publicKey } = pair;
  for (const [algorithm, hash] of ALGORITHMS) {
    const digest = digestOf(hash);
    const good = signRsaDigest(privateKey, algorithm, digest);
    for (const at of [0, 100, 255]) {
      const bad = new Uint8Array(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      assert.ok(!verifyRsaDigest(publicKey, algorithm, digest, bad));
    }
    for (const bad of [good.subarray(1), new Uint8Array(256).fill(0xff), new Uint8Array(256)])
      assert.ok(!verifyRsaDigest(publicKey, algorithm, digest, bad));
  }
  const key = createPrivateKey({
    key: Buffer.from(exposeKeyBytes(privateKey)),
    format: "der",
    type: "pkcs8",
  });
  const shortSalt = sign("sha256", message, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: 20,
  });
  assert.ok(!verifyRsaDigest(publicKey, "RSASSA_PSS_SHA_256", digestOf("sha256"), shortSalt));
});
