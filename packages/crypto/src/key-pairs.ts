/**
 * Key pairs of the key service: RSA (RFC 8017), ECDSA (FIPS 186-5), Ed25519 (RFC 8032), ML-DSA (FIPS 204), ECDH (SP
 * 800-56A). Private keys are PKCS #8 inside a SecretKey, public keys SubjectPublicKeyInfo; both DER. What the platform's
 * ciphers lack fails with Unsupported.
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

/** What key pairs may be made of as data keys, under a symmetric key. */
export const DATA_KEY_PAIR_SPECS = [
  "RSA_2048",
  "RSA_3072",
  "RSA_4096",
  "ECC_NIST_P256",
  "ECC_NIST_P384",
  "ECC_NIST_P521",
  "ECC_SECG_P256K1",
  "ECC_NIST_EDWARDS25519",
] as const;
export type DataKeyPairSpec = (typeof DATA_KEY_PAIR_SPECS)[number];
export type KeyPairSpec = DataKeyPairSpec | "ML_DSA_44" | "ML_DSA_65" | "ML_DSA_87";
export const KEY_PAIR_SPECS: readonly KeyPairSpec[] = [
  ...DATA_KEY_PAIR_SPECS,
  "ML_DSA_44",
  "ML_DSA_65",
  "ML_DSA_87",
];

export interface KeyPair {
  readonly privateKey: SecretKey<"data">;
  readonly publicKey: Uint8Array;
}

export const CURVES = {
  ECC_NIST_P256: "prime256v1",
  ECC_NIST_P384: "secp384r1",
  ECC_NIST_P521: "secp521r1",
  ECC_SECG_P256K1: "secp256k1",
} as const;

const ML_DSA = { ML_DSA_44: "ml-dsa-44", ML_DSA_65: "ml-dsa-65", ML_DSA_87: "ml-dsa-87" } as const;

const unsupported = (what: string, cause: unknown): CryptoError =>
  new CryptoError("Unsupported", what, cause);

/** Off the main thread: a large RSA key takes seconds. */
export async function newKeyPair(spec: KeyPairSpec): Promise<KeyPair> {
  try {
    return await generate(spec);
  } catch (cause) {
    // Parameters are ours and closed, so a refusal is one of the platform; some throw at once, some call back.
    throw unsupported(`a key pair of ${spec}`, cause);
  }
}

function generate(spec: KeyPairSpec): Promise<KeyPair> {
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
        break;
      case "ML_DSA_44":
      case "ML_DSA_65":
      case "ML_DSA_87":
        generateKeyPair(ML_DSA[spec], encodings, finish);
    }
  });
}

export type RsaSigningAlgorithm = `RSASSA_${"PSS" | "PKCS1_V1_5"}_SHA_${256 | 384 | 512}`;
/** Algorithms that sign a message as it is. */
export type SigningAlgorithm =
  | RsaSigningAlgorithm
  | `ECDSA_SHA_${256 | 384 | 512}`
  | "ED25519_SHA_512"
  /** ML-DSA with an empty context (FIPS 204 section 5.2). */
  | "ML_DSA_SHAKE_256";

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
  algorithm === "ED25519_SHA_512" || algorithm === "ML_DSA_SHAKE_256" ? null : `sha${algorithm.slice(-3)}`;

/** Keys that some release made: one that does not parse is of a kind that this platform lacks. */
export function privateKeyOf(key: SecretKey<"data">): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(keyBytes(key, "data")), format: "der", type: "pkcs8" });
  } catch (cause) {
    throw unsupported("a private key", cause);
  }
}
export function publicKeyOf(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch (cause) {
    throw unsupported("a public key", cause);
  }
}

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
