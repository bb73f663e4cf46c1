/**
 * Checksums as bytes: the private part of an envelope and of a part's entry. They are derived from the plaintext, so they
 * stand nowhere outside a sealed message.
 *
 *     count(1), then for each: algorithm(1) || LP(value)
 */
import { Reader, Writer } from "./bytes.ts";
import { CryptoError } from "./errors.ts";

/** Their codes are their position, from 1; append only. */
export const CHECKSUM_ALGORITHMS = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "SHA1",
  "SHA256",
  "SHA512",
  "MD5",
  "XXHASH64",
  "XXHASH3",
  "XXHASH128",
] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** Codes 1 and 2. */
export const CHECKSUM_TYPES = ["FULL_OBJECT", "COMPOSITE"] as const;
export type ChecksumType = (typeof CHECKSUM_TYPES)[number];

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Raw bytes, big-endian for the CRCs: what the header's base64 decodes to. */
  readonly value: Uint8Array;
}

const VALUE_BYTES_MAX = 64;

export function encodeChecksums(checksums: readonly Checksum[]): Uint8Array {
  let size = 1;
  for (const { value } of checksums) size += 5 + value.length;
  const out = new Writer(size).u8(checksums.length);
  for (const { algorithm, value } of checksums) {
    if (value.length === 0 || value.length > VALUE_BYTES_MAX)
      throw new CryptoError("Malformed", "checksum value");
    out.u8(CHECKSUM_ALGORITHMS.indexOf(algorithm) + 1).lp(value);
  }
  return out.done();
}

/** Values are views. No bytes at all are no checksums. Throws Malformed, Truncated, TrailingBytes. */
export function decodeChecksums(bytes: Uint8Array): readonly Checksum[] {
  if (bytes.length === 0) return [];
  const reader = new Reader(bytes, "checksums");
  const count = reader.u8();
  const checksums: Checksum[] = [];
  for (let i = 0; i < count; i++) {
    const algorithm = CHECKSUM_ALGORITHMS[reader.u8() - 1] ?? reader.fail("unknown algorithm");
    const value = reader.lp(VALUE_BYTES_MAX);
    if (value.length === 0) reader.fail("an empty value");
    checksums.push({ algorithm, value });
  }
  reader.end();
  return checksums;
}
