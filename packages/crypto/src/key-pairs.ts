/**
 * Key pairs of the key service: RSA (RFC 8017), ECDSA (FIPS 186-5), Ed25519 (RFC 8032), ECDH (SP 800-56A). Private keys are
 * PKCS #8 inside a SecretKey, public keys SubjectPublicKeyInfo; both DER.
 */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
  type SignKeyObjectInput,
  verify,
} from "node:crypto";
import { CryptoError } from "./errors.ts";
import { keyBytes, SecretKey } from "./secret-key.ts";

export const KEY_PAIR_SPECS = [
  "RSA_2048",
  "RSA_3072",
  "RSA_4096",
  "ECC_NIST_P256",
  "ECC_NIST_P384",
  "ECC_NIST_P521",
  "ECC_SECG_P256K1",
  "ECC_NIST_EDWARDS25519",
] as const;
export type KeyPairSpec = (typeof KEY_PAIR_SPECS)[number];

export interface KeyPair {
  readonly privateKey: SecretKey<"data">;
  readonly publicKey: Uint8Array;
}

const CURVES = {
  ECC_NIST_P256: "prime256v1",
  ECC_NIST_P384: "secp384r1",
  ECC_NIST_P521: "secp521r1",
  ECC_SECG_P256K1: "secp256k1",
} as const;

/** Off the main thread: a large RSA key takes seconds. */
export function newKeyPair(spec: KeyPairSpec): Promise<KeyPair> {
  const encodings = {
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "der" },
  } as const;
  return new Promise((done, failed) => {
    const finish = (error: Error | null, publicKey: Buffer, privateKey: Buffer): void => {
      if (error !== null) {
        failed(error);
        return;
      }
      const key = SecretKey.fromBytes("data", privateKey);
      privateKey.fill(0);
      done({ privateKey: key, publicKey });
    };
    switch (spec) {
      case "RSA_2048":
      case "RSA_3072":
      case "RSA_4096":
        generateKeyPair("rsa", { modulusLength: Number(spec.slice(4)), ...encodings }, finish);
        break;
      case "ECC_NIST_EDWARDS25519":
        generateKeyPair("ed25519", encodings, finish);
        break;
      case "ECC_NIST_P256":
      case "ECC_NIST_P384":
      case "ECC_NIST_P521":
      case "ECC_SECG_P256K1":
        generateKeyPair("ec", { namedCurve: CURVES[spec], ...encodings }, finish);
    }
  });
}

/** Algorithms that sign a message as it is. */
export type SigningAlgorithm =
  | `RSASSA_PSS_SHA_${256 | 384 | 512}`
  | `RSASSA_PKCS1_V1_5_SHA_${256 | 384 | 512}`
  | `ECDSA_SHA_${256 | 384 | 512}`
  | "ED25519_SHA_512";

/** Salt length = digest length (spec kms 12). ECDSA signatures are DER. */
function options(key: KeyObject, algorithm: SigningAlgorithm): SignKeyObjectInput {
  if (algorithm.startsWith("RSASSA_PSS"))
    return {
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    };
  return { key };
}
const hashOf = (algorithm: SigningAlgorithm): string | null =>
  algorithm === "ED25519_SHA_512" ? null : `sha${algorithm.slice(-3)}`;

const privateKeyOf = (key: SecretKey<"data">): KeyObject =>
  createPrivateKey({ key: Buffer.from(keyBytes(key, "data")), format: "der", type: "pkcs8" });
const publicKeyOf = (spki: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });

export function signMessage(
  key: SecretKey<"data">,
  algorithm: SigningAlgorithm,
  message: Uint8Array,
): Uint8Array {
  return sign(hashOf(algorithm), message, options(privateKeyOf(key), algorithm));
}

export function verifyMessage(
  publicKey: Uint8Array,
  algorithm: SigningAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verify(hashOf(algorithm), message, options(publicKeyOf(publicKey), algorithm), signature);
}

export type RsaEncryptionAlgorithm = "RSAES_OAEP_SHA_1" | "RSAES_OAEP_SHA_256";
const oaep = (key: KeyObject, algorithm: RsaEncryptionAlgorithm) => ({
  key,
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: algorithm === "RSAES_OAEP_SHA_1" ? "sha1" : "sha256",
});

/** Bytes that one call can encrypt: modulus less two hashes and two (RFC 8017 section 7.1.1). */
export function rsaPlaintextBytesMax(spec: KeyPairSpec, algorithm: RsaEncryptionAlgorithm): number {
  return Number(spec.slice(4)) / 8 - 2 * (algorithm === "RSAES_OAEP_SHA_1" ? 20 : 32) - 2;
}

export function rsaEncrypt(
  publicKey: Uint8Array,
  algorithm: RsaEncryptionAlgorithm,
  plaintext: Uint8Array,
): Uint8Array {
  return publicEncrypt(oaep(publicKeyOf(publicKey), algorithm), plaintext);
}

/** Throws TagMismatch for whatever does not decrypt. */
export function rsaDecrypt(
  key: SecretKey<"data">,
  algorithm: RsaEncryptionAlgorithm,
  ciphertext: Uint8Array,
): Uint8Array {
  try {
    return privateDecrypt(oaep(privateKeyOf(key), algorithm), ciphertext);
  } catch (cause) {
    throw new CryptoError("TagMismatch", "RSA ciphertext", cause);
  }
}

/** The raw shared secret. Throws Malformed for a public key that is none, or of another curve. */
export function deriveSecret(key: SecretKey<"data">, publicKey: Uint8Array): Uint8Array {
  try {
    return diffieHellman({ privateKey: privateKeyOf(key), publicKey: publicKeyOf(publicKey) });
  } catch (cause) {
    throw new CryptoError("Malformed", "ECDH public key", cause);
  }
}
