/** From the bytes that a client wrapped to material under the domain key, by kind of key (spec kms 11). */
import {
  CryptoError,
  importedId,
  importedKeyPair,
  importedMaterial,
  KEY_PAIR_SPECS,
  SecretKey,
  unwrapImported,
} from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import type { ImportToken } from "./import-token.ts";
import type { MadeMaterial, Materials } from "./materials.ts";
import type { KeyRecord } from "./model.ts";
import { SPECS } from "./specs.ts";

type ForKey = Pick<KeyRecord, "bornArn" | "spec">;

/** Throws InvalidCiphertextException for what does not unwrap, IncorrectKeyMaterialException for what the key can't use. */
export function materialOf(
  materials: Materials,
  key: ForKey,
  token: ImportToken,
  wrapped: Uint8Array,
): MadeMaterial {
  const bytes = unwrap(token, wrapped);
  try {
    return fitting(materials, key, bytes);
  } catch (cause) {
    if (cause instanceof CryptoError && cause.code === "BadKey")
      return fail("IncorrectKeyMaterialException", { cause });
    throw cause;
  } finally {
    bytes.fill(0);
  }
}

function unwrap({ privateKey, algorithm }: ImportToken, wrapped: Uint8Array): Uint8Array {
  try {
    return unwrapImported(privateKey, algorithm, wrapped);
  } catch (cause) {
    if (cause instanceof CryptoError) return fail("InvalidCiphertextException", { cause });
    throw cause;
  } finally {
    privateKey.fill(0);
  }
}

function fitting(materials: Materials, { bornArn, spec }: ForKey, bytes: Uint8Array): MadeMaterial {
  const { kind, materialBytes } = SPECS[spec];
  // The bytes of an AES or HMAC key say nothing about their kind: their number has to.
  if (materialBytes > 0 && bytes.length !== materialBytes) fail("IncorrectKeyMaterialException");
  if (kind === "symmetric") {
    using material = importedMaterial(bytes);
    return materials.wrap(bornArn, material);
  }
  const idOf = (identity: Uint8Array): string => Buffer.from(importedId(identity, bornArn)).toString("hex");
  const pairSpec = KEY_PAIR_SPECS.find((s) => s === spec);
  if (pairSpec === undefined) {
    using key = SecretKey.fromBytes("data", bytes);
    return materials.wrapSecret(bornArn, idOf(bytes), key);
  }
  const { privateKey, publicKey } = importedKeyPair(pairSpec, bytes);
  using key = privateKey;
  return { ...materials.wrapSecret(bornArn, idOf(publicKey), key), publicKey };
}
