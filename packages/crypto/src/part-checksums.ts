/**
 * The checksums of one part attempt, sealed (sealed format, section 5) under a key of the content's dek and the attempt's
 * own commitment. Sealed once, when the attempt is written; afterwards copied verbatim or dropped, never sealed again:
 * the key has one nonce.
 */
import { open, seal, ZERO_NONCE } from "./aead.ts";
import { Writer } from "./bytes.ts";
import { type Checksum, decodeChecksums, encodeChecksums } from "./checksums.ts";
import { e256 } from "./derive.ts";
import { LABELS } from "./labels.ts";
import { keyBytes, type SecretKey } from "./secret-key.ts";

/** `dek` and `commitment` are those of layer 0. */
export function sealPartChecksums(
  dek: SecretKey<"dek">,
  commitment: Uint8Array,
  checksums: readonly Checksum[],
): Uint8Array {
  const key = partKey(dek, commitment);
  const sealed = seal(key, ZERO_NONCE, encodeChecksums(checksums));
  key.fill(0);
  return sealed;
}

/** Throws TagMismatch, Truncated, Malformed. */
export function openPartChecksums(
  dek: SecretKey<"dek">,
  commitment: Uint8Array,
  sealed: Uint8Array,
): readonly Checksum[] {
  const key = partKey(dek, commitment);
  try {
    return decodeChecksums(open(key, ZERO_NONCE, sealed, undefined, "part checksums"));
  } finally {
    key.fill(0);
  }
}

function partKey(dek: SecretKey<"dek">, commitment: Uint8Array): Uint8Array {
  return e256(keyBytes(dek, "dek"), new Writer(64).raw(LABELS.part).fixed(commitment, 32));
}
