/**
 * Header and keys of a sealed stream (sealed format, section 2).
 *
 *     0   4  magic "SRM1"        5  1  log2 of the segment's plaintext size: 16     8  32  salt
 *     4   1  suite: 1            6  2  layer: 0 single or inner, 1 outer of DSSE   40  32  commitment
 */
import { timingSafeEqual } from "node:crypto";
import { NONCE_BYTES } from "./aead.ts";
import { Writer } from "./bytes.ts";
import { e512 } from "./derive.ts";
import { CryptoError } from "./errors.ts";
import { LABELS } from "./labels.ts";
import type { Random } from "./random.ts";
import { keyBytes, type SecretKey } from "./secret-key.ts";
import { HEADER_BYTES } from "./stream-size.ts";

/** 0: the only layer, or the inner of two. 1: the outer layer of DSSE. */
export type Layer = 0 | 1;

export const COMMITMENT_BYTES = 32;
const SALT_AT = 8;
const COMMITMENT_AT = 40;
const SUITE_AES_256_GCM = 1;
const SEGMENT_LOG2 = 16;

/** segmentKey and commitment, 32 bytes each; wipe `okm` when done. */
function deriveStream(dek: SecretKey<"dek">, header: Uint8Array): Uint8Array {
  const info = Writer.scratch(64).raw(LABELS.stream).raw(header.subarray(0, COMMITMENT_AT));
  return e512(keyBytes(dek, "dek"), info);
}

/** Fills `out[0..72]` with a fresh header; returns okm, whose first half is the segment key. */
export function writeHeader(
  out: Uint8Array,
  dek: SecretKey<"dek">,
  layer: Layer,
  random: Random,
): Uint8Array {
  out[0] = 0x53;
  out[1] = 0x52;
  out[2] = 0x4d;
  out[3] = 0x31;
  out[4] = SUITE_AES_256_GCM;
  out[5] = SEGMENT_LOG2;
  out[6] = 0;
  out[7] = layer;
  random.fill(out.subarray(SALT_AT, COMMITMENT_AT));
  const okm = deriveStream(dek, out);
  out.set(okm.subarray(32), COMMITMENT_AT);
  return okm;
}

/**
 * Checks everything that a header can say before any segment is opened; returns okm. The second comparison of the
 * commitment, with the manifest's, is what stops another part or an older attempt from standing in this one's place.
 */
export function readHeader(
  header: Uint8Array,
  dek: SecretKey<"dek">,
  layer: Layer,
  expectedCommitment: Uint8Array,
): Uint8Array {
  if (header.length < HEADER_BYTES) throw new CryptoError("Truncated", "stream header");
  if (header[0] !== 0x53 || header[1] !== 0x52 || header[2] !== 0x4d || header[3] !== 0x31) {
    throw new CryptoError("BadMagic", "stream header");
  }
  if (header[4] !== SUITE_AES_256_GCM) throw new CryptoError("BadSuite", "stream header");
  if (header[5] !== SEGMENT_LOG2) throw new CryptoError("BadSegmentSize", "stream header");
  if (header[6] !== 0 || header[7] !== layer) throw new CryptoError("BadLayer", "stream header");
  if (expectedCommitment.length !== COMMITMENT_BYTES) {
    throw new CryptoError("CommitmentMismatch", "the expected commitment is no commitment");
  }
  const stored = header.subarray(COMMITMENT_AT, HEADER_BYTES);
  const okm = deriveStream(dek, header);
  // Copied, since a view would take so small an array off the engine's heap: a commitment is no key.
  const derived = timingSafeEqual(okm.slice(32), stored);
  const expected = timingSafeEqual(expectedCommitment, stored);
  if (!derived || !expected) {
    okm.fill(0);
    throw new CryptoError("CommitmentMismatch", "stream header");
  }
  return okm;
}

/** A stream's commitment, as its manifest entry holds it: a copy of header[40..72]. */
export function commitmentOf(header: Uint8Array): Uint8Array {
  return new Uint8Array(header.subarray(COMMITMENT_AT, HEADER_BYTES));
}

/** nonce_i = 0x000000 || uint64(i) || final, written into `nonce`. */
export function segmentNonce(nonce: Uint8Array, index: number, final: boolean): Uint8Array {
  const high = Math.floor(index / 0x1_0000_0000);
  nonce[3] = high >>> 24;
  nonce[4] = high >>> 16;
  nonce[5] = high >>> 8;
  nonce[6] = high;
  nonce[7] = index >>> 24;
  nonce[8] = index >>> 16;
  nonce[9] = index >>> 8;
  nonce[10] = index;
  nonce[11] = final ? 1 : 0;
  return nonce;
}

/** A nonce buffer for {@link segmentNonce}; its first three bytes stay zero. */
export const newNonce = (): Uint8Array => new Uint8Array(NONCE_BYTES);
