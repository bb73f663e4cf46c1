/**
 * Sizes and ranges of a sealed stream (sealed format, section 2). The only arithmetic on segment sizes there is: whoever
 * needs a Content-Length, a stored size or a range asks here.
 */
import { CryptoError } from "./errors.ts";

export const SEGMENT_BYTES = 65_536;
export const HEADER_BYTES = 72;
export const SEGMENT_TAG_BYTES = 16;
export const STORED_SEGMENT_BYTES: number = SEGMENT_BYTES + SEGMENT_TAG_BYTES;

/** Segments of a stream of n plaintext bytes; an empty stream has one empty segment. */
export function segmentCount(plaintextSize: number): number {
  return Math.max(1, Math.ceil(plaintextSize / SEGMENT_BYTES));
}

/** Stored bytes of a stream of n plaintext bytes. */
export function storedSize(plaintextSize: number): number {
  if (!Number.isSafeInteger(plaintextSize) || plaintextSize < 0) {
    throw new CryptoError("BadRange", "a plaintext size that is no size");
  }
  return HEADER_BYTES + plaintextSize + SEGMENT_TAG_BYTES * segmentCount(plaintextSize);
}

/** The exact inverse of {@link storedSize}; undefined where no plaintext size fits. */
export function plaintextSize(stored: number): number | undefined {
  const body = stored - HEADER_BYTES;
  if (!Number.isSafeInteger(body) || body < SEGMENT_TAG_BYTES) return undefined;
  const size = body - SEGMENT_TAG_BYTES * Math.ceil(body / STORED_SEGMENT_BYTES);
  return size >= 0 && storedSize(size) === stored ? size : undefined;
}

/** Where the plaintext range [from, to) lies. Stored offsets count from the header's first byte. */
export interface StreamRange {
  readonly firstSegment: number;
  /** Inclusive. */
  readonly lastSegment: number;
  /** First stored byte of the first segment. */
  readonly storedFrom: number;
  /** Exclusive: after the tag of the last segment. */
  readonly storedTo: number;
  /** Plaintext bytes of the first segment to leave out. */
  readonly skip: number;
  /** Plaintext bytes to give out: to - from. */
  readonly take: number;
}

/** Throws BadRange unless 0 <= from < to <= size; an empty stream has the one range [0, 0). */
export function streamRange(plaintextSize: number, from: number, to: number): StreamRange {
  const whole = plaintextSize === 0 && from === 0 && to === 0;
  const fits =
    Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from < to && to <= plaintextSize;
  if (!whole && !fits) throw new CryptoError("BadRange", "a range outside the plaintext");
  const firstSegment = Math.floor(from / SEGMENT_BYTES);
  const lastSegment = whole ? 0 : Math.floor((to - 1) / SEGMENT_BYTES);
  return {
    firstSegment,
    lastSegment,
    storedFrom: HEADER_BYTES + firstSegment * STORED_SEGMENT_BYTES,
    storedTo: Math.min(HEADER_BYTES + (lastSegment + 1) * STORED_SEGMENT_BYTES, storedSize(plaintextSize)),
    skip: from - firstSegment * SEGMENT_BYTES,
    take: to - from,
  };
}
