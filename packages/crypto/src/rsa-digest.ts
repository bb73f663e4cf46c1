/**
 * RSA signatures over a digest that the caller made (RFC 8017 sections 8 and 9). The platform's own signers hash for
 * themselves, so the encoded message is made here and the raw private operation, which the platform blinds, is left to it.
 */
import {
  constants,
  createHash,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  timingSafeEqual,
} from "node:crypto";
import { privateKeyOf, publicKeyOf, type RsaSigningAlgorithm } from "./key-pairs.ts";
import { randomBytes } from "./random.ts";
import type { SecretKey } from "./secret-key.ts";

type Hash = "sha256" | "sha384" | "sha512";

/** RFC 8017 section 9.2, note 1: DER of a DigestInfo up to the digest. */
const DIGEST_INFO: Readonly<Record<Hash, string>> = {
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};

function hashOf(algorithm: RsaSigningAlgorithm): Hash {
  if (algorithm.endsWith("256")) return "sha256";
  return algorithm.endsWith("384") ? "sha384" : "sha512";
}
const isPss = (algorithm: RsaSigningAlgorithm): boolean => algorithm.startsWith("RSASSA_PSS");
const sha = (hash: Hash, ...parts: readonly Uint8Array[]): Buffer => {
  const h = createHash(hash);
  for (const part of parts) h.update(part);
  return h.digest();
};

/** EMSA-PKCS1-v1_5 (section 9.2). */
function encodePkcs1(hash: Hash, digest: Uint8Array, size: number): Uint8Array {
  const info = Buffer.concat([Buffer.from(DIGEST_INFO[hash], "hex"), digest]);
  const block = Buffer.alloc(size, 0xff);
  block.set([0, 1]);
  block[size - info.length - 1] = 0;
  block.set(info, size - info.length);
  return block;
}

/** XORs MGF1 of the seed over the target (section B.2.1). */
function mask(hash: Hash, seed: Uint8Array, target: Uint8Array): void {
  const counter = Buffer.alloc(4);
  for (let at = 0, i = 0; at < target.length; i++) {
    counter.writeUInt32BE(i);
    for (const byte of sha(hash, seed, counter)) {
      if (at < target.length) target[at] = (target[at] ?? 0) ^ byte;
      at++;
    }
  }
}

const EIGHT_ZEROS = new Uint8Array(8);

/** EMSA-PSS (section 9.1.1) with a salt as long as the digest. Moduli of whole bytes: the topmost bit is always clear. */
function encodePss(hash: Hash, digest: Uint8Array, salt: Uint8Array, size: number): Uint8Array {
  const block = Buffer.alloc(size);
  const h = sha(hash, EIGHT_ZEROS, digest, salt);
  const db = block.subarray(0, size - h.length - 1);
  db[db.length - salt.length - 1] = 1;
  db.set(salt, db.length - salt.length);
  mask(hash, h, db);
  db[0] = (db[0] ?? 0) & 0x7f;
  block.set(h, db.length);
  block[size - 1] = 0xbc;
  return block;
}

/** The salt of an encoded message; it proves nothing until the block was made again from it. */
function saltOf(hash: Hash, block: Uint8Array, saltBytes: number): Uint8Array {
  const dbBytes = block.length - saltBytes - 1;
  const db = new Uint8Array(block.subarray(0, dbBytes));
  mask(hash, block.subarray(dbBytes, dbBytes + saltBytes), db);
  return db.subarray(dbBytes - saltBytes);
}

const raw = (key: KeyObject) => ({ key, padding: constants.RSA_NO_PADDING });
const modulusBytes = (key: KeyObject): number => (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;

/** @param digest as long as the algorithm's hash; the caller has checked */
export function signRsaDigest(
  key: SecretKey<"data">,
  algorithm: RsaSigningAlgorithm,
  digest: Uint8Array,
): Uint8Array {
  const privateKey = privateKeyOf(key);
  const size = modulusBytes(privateKey);
  const hash = hashOf(algorithm);
  const block = isPss(algorithm)
    ? encodePss(hash, digest, randomBytes(digest.length), size)
    : encodePkcs1(hash, digest, size);
  return privateEncrypt(raw(privateKey), block);
}

/** Makes the encoded message again and compares it as a whole, so that there is no padding to be read leniently. */
export function verifyRsaDigest(
  publicKey: Uint8Array,
  algorithm: RsaSigningAlgorithm,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const key = publicKeyOf(publicKey);
  const size = modulusBytes(key);
  if (signature.length !== size) return false;
  const hash = hashOf(algorithm);
  let block: Uint8Array;
  try {
    block = publicDecrypt(raw(key), signature);
  } catch {
    // A number above the modulus.
    return false;
  }
  const expected = isPss(algorithm)
    ? encodePss(hash, digest, saltOf(hash, block, digest.length), size)
    : encodePkcs1(hash, digest, size);
  return block.length === expected.length && timingSafeEqual(block, expected);
}
