/** RSA-OAEP under keys of the service (spec kms 6.9, 12): raw blobs without a header, so the caller names the key. */
import {
  KEY_PAIR_SPECS,
  rsaDecrypt,
  rsaEncrypt,
  type RsaEncryptionAlgorithm,
  rsaPlaintextBytesMax,
} from "@strongroom/crypto";
import { assert, fail } from "../base/errors.ts";
import type { Entered } from "./enter.ts";
import type { Kernel } from "./kernel.ts";
import { currentMaterial, type KeyRecord } from "./model.ts";

export function rsaAlgorithm(algorithm: string | undefined): RsaEncryptionAlgorithm | undefined {
  return algorithm === "RSAES_OAEP_SHA_1" || algorithm === "RSAES_OAEP_SHA_256" ? algorithm : undefined;
}

/** Throws ValidationException for more than one block holds. */
export function requireRsaRoom(
  { key }: Entered,
  algorithm: RsaEncryptionAlgorithm,
  plaintext: Uint8Array,
): void {
  const spec = KEY_PAIR_SPECS.find((s) => s === key.spec);
  const max = spec === undefined ? 0 : rsaPlaintextBytesMax(spec, algorithm);
  if (plaintext.length > max)
    fail(
      "ValidationException",
      `Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ${max} bytes.`,
    );
}

export function rsaSeal(
  key: KeyRecord,
  algorithm: RsaEncryptionAlgorithm,
  plaintext: Uint8Array,
): Uint8Array {
  assert(key.publicKey !== undefined, "an asymmetric key has a public key");
  return rsaEncrypt(key.publicKey, algorithm, plaintext);
}

/** Throws CryptoError for a blob that does not open. */
export async function rsaOpen(
  k: Kernel,
  key: KeyRecord,
  algorithm: RsaEncryptionAlgorithm,
  blob: Uint8Array,
): Promise<Uint8Array> {
  const version = currentMaterial(key);
  assert(version !== undefined, "an asymmetric key has material");
  return rsaDecrypt(await k.materials.secret(key, version), algorithm, blob);
}
