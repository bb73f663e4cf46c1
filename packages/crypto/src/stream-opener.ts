/**
 * Opens sealed streams (sealed format, section 2). Header, layer, both commitments and the size are checked before any
 * segment; nothing of a segment is released before its tag has verified, nothing of the last one before the stored bytes
 * have ended where they must.
 */
import { open, TAG_BYTES } from "./aead.ts";
import { bodyBytes } from "./bytes.ts";
import { CryptoError } from "./errors.ts";
import { direct } from "./openssl/index.ts";
import type { SecretKey } from "./secret-key.ts";
import { type Layer, newNonce, readHeader, segmentNonce } from "./stream-header.ts";
import {
  HEADER_BYTES,
  SEGMENT_BYTES,
  type StreamRange,
  segmentCount,
  storedSize,
  streamRange,
} from "./stream-size.ts";

/** What the manifest says of a stream and layer, and its key. */
export interface StreamSpec {
  readonly dek: SecretKey<"dek">;
  readonly layer: Layer;
  /** The manifest's, 32 bytes. */
  readonly commitment: Uint8Array;
  /** The manifest's: bytes that the stream holds (for the outer layer of DSSE: storedSize of the inner plaintext). */
  readonly plaintextSize: number;
}

/** Stored bytes [from, to) of one stream, counted from its header; exactly as many, or it fails. */
export type ReadStored = (from: number, to: number) => AsyncIterable<Uint8Array>;

export class StreamOpener {
  readonly plaintextSize: number;
  readonly #okm: Uint8Array;
  readonly #key: Uint8Array;
  readonly #nonce = newNonce();
  readonly #last: number;

  /**
   * `header`: the stream's first 72 bytes. Throws Truncated, BadMagic, BadSuite, BadSegmentSize, BadLayer,
   * CommitmentMismatch.
   */
  constructor(header: Uint8Array, spec: StreamSpec) {
    this.#okm = readHeader(header, spec.dek, spec.layer, spec.commitment);
    this.#key = this.#okm.subarray(0, 32);
    this.plaintextSize = spec.plaintextSize;
    this.#last = segmentCount(spec.plaintextSize) - 1;
  }

  /** Plaintext bytes of a segment, by the manifest's size. Throws BadRange for an index that the stream doesn't have. */
  segmentSize(index: number): number {
    if (!Number.isSafeInteger(index) || index < 0 || index > this.#last)
      throw new CryptoError("BadRange", "segment");
    return index < this.#last ? SEGMENT_BYTES : this.plaintextSize - index * SEGMENT_BYTES;
  }

  /**
   * The plaintext of a segment given as ciphertext || tag. Whether it is the final one follows from the size. `room`: of
   * the size of a segment; the plaintext may be a view of it.
   */
  openSegment(index: number, bytes: Uint8Array, room?: Uint8Array): Uint8Array {
    const size = this.segmentSize(index);
    if (bytes.length < size + TAG_BYTES) throw new CryptoError("Truncated", "segment");
    if (bytes.length > size + TAG_BYTES) throw new CryptoError("TrailingBytes", "segment");
    return open(
      this.#key,
      segmentNonce(this.#nonce, index, index === this.#last),
      bytes,
      undefined,
      "segment",
      room,
    );
  }

  /** Wipes the segment key. */
  [Symbol.dispose](): void {
    this.#okm.fill(0);
  }
}

/** The plaintext of a whole stream of at most 65,536 plaintext bytes. All checks of section 2, one MAC, one cipher call. */
export function openSmall(
  stored: Uint8Array,
  dek: SecretKey<"dek">,
  layer: Layer,
  expectedCommitment: Uint8Array,
  plaintextSize: number,
): Uint8Array {
  if (plaintextSize > SEGMENT_BYTES) throw new CryptoError("SizeMismatch", "a small body has one segment");
  if (stored.length !== storedSize(plaintextSize)) throw new CryptoError("SizeMismatch", "stored stream");
  const okm = readHeader(stored, dek, layer, expectedCommitment);
  // A copy: a view would take so small an array off the engine's heap.
  const key = okm.slice(0, 32);
  okm.fill(0);
  try {
    return openWhole(key, stored, plaintextSize);
  } finally {
    key.fill(0);
  }
}

const FIRST_AND_FINAL = segmentNonce(newNonce(), 0, true);

function openWhole(key: Uint8Array, stored: Uint8Array, size: number): Uint8Array {
  const sealed = stored.subarray(HEADER_BYTES);
  // Through node:crypto the plaintext comes in a buffer of its own.
  const room = direct === undefined ? undefined : bodyBytes(size);
  return open(key, FIRST_AND_FINAL, sealed, undefined, "segment", room);
}

/**
 * {@link openSmall} for a stream that is read again and again: the keys are derived at the first read, all of whose checks
 * have passed by then, and kept with the header that they belong to. Any other header is derived and checked anew.
 */
export class SmallOpener {
  readonly #dek: SecretKey<"dek">;
  readonly #commitment: Uint8Array;
  readonly #plaintextSize: number;
  #header: Uint8Array | undefined;
  #key: Uint8Array | undefined;

  /** Layer 0. `commitment` and `plaintextSize` are the manifest's. */
  constructor(dek: SecretKey<"dek">, commitment: Uint8Array, plaintextSize: number) {
    this.#dek = dek;
    this.#commitment = commitment;
    this.#plaintextSize = plaintextSize;
  }

  /** Throws as {@link openSmall}. */
  open(stored: Uint8Array): Uint8Array {
    const size = this.#plaintextSize;
    if (size > SEGMENT_BYTES) throw new CryptoError("SizeMismatch", "a small body has one segment");
    if (stored.length !== storedSize(size)) throw new CryptoError("SizeMismatch", "stored stream");
    const key = this.#keyFor(stored);
    return openWhole(key, stored, size);
  }

  #keyFor(stored: Uint8Array): Uint8Array {
    const known = this.#header;
    if (known !== undefined && this.#key !== undefined && startsWith(stored, known)) return this.#key;
    const okm = readHeader(stored, this.#dek, 0, this.#commitment);
    this.#key = okm.slice(0, 32);
    okm.fill(0);
    this.#header = stored.slice(0, HEADER_BYTES);
    return this.#key;
  }
}

function startsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  for (let i = 0; i < head.length; i++) if (bytes[i] !== head[i]) return false;
  return true;
}

/**
 * Opens a whole stream: `stored` yields all its bytes, in chunks of any size (large ones are cheaper), each unchanged until the
 * next is asked for. Yields verified plaintext; ends clean only if everything verified. Throws as {@link StreamOpener},
 * and TagMismatch, Truncated, TrailingBytes. One segment's plaintext is held at a time. `reuse`: a yielded chunk is
 * overwritten once the next one is asked for.
 */
export function openStream(
  stored: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  spec: StreamSpec,
  reuse?: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  const range = streamRange(spec.plaintextSize, 0, spec.plaintextSize);
  return openSegments(stored, (header) => new StreamOpener(header, spec), range, reuse);
}

/**
 * Opens plaintext [from, to). Reads the header and the segments it needs through `read`, nothing else; `stored` is the
 * whole stream's size on disk and must be storedSize of the manifest's (SizeMismatch). `reuse` as in {@link openStream}.
 */
export async function* openRange(
  read: ReadStored,
  stored: number,
  spec: StreamSpec,
  from: number,
  to: number,
  reuse?: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (stored !== storedSize(spec.plaintextSize)) throw new CryptoError("SizeMismatch", "stored stream");
  const range = streamRange(spec.plaintextSize, from, to);
  if (range.firstSegment === 0) {
    yield* openSegments(read(0, range.storedTo), (header) => new StreamOpener(header, spec), range, reuse);
    return;
  }
  const header = new Uint8Array(HEADER_BYTES);
  let at = 0;
  for await (const chunk of read(0, HEADER_BYTES)) {
    if (at + chunk.length > HEADER_BYTES) throw new CryptoError("TrailingBytes", "stream header");
    header.set(chunk, at);
    at += chunk.length;
  }
  const opener = new StreamOpener(header.subarray(0, at), spec);
  yield* openSegments(read(range.storedFrom, range.storedTo), opener, range, reuse);
}

/** Cuts the wanted range out of the segments' plaintext. */
class Window {
  #skip: number;
  #take: number;
  constructor(range: StreamRange) {
    this.#skip = range.skip;
    this.#take = range.take;
  }

  cut(piece: Uint8Array): Uint8Array {
    const from = Math.min(this.#skip, piece.length);
    const to = Math.min(piece.length, from + this.#take);
    this.#skip -= from;
    this.#take -= to - from;
    return from === 0 && to === piece.length ? piece : piece.subarray(from, to);
  }
}

/**
 * The loop of all of them. `stored` yields the bytes [storedFrom, storedTo), preceded by the header if the opener is still
 * to be made from it. A segment that a chunk holds whole is opened where it lies; the others are joined first.
 */
async function* openSegments(
  stored: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  start: StreamOpener | ((header: Uint8Array) => StreamOpener),
  range: StreamRange,
  reuse = false,
): AsyncGenerator<Uint8Array, void, undefined> {
  let opener = start instanceof StreamOpener ? start : undefined;
  const header = new Uint8Array(opener === undefined ? HEADER_BYTES : 0);
  let headerFilled = 0;
  let index = range.firstSegment;
  let joined: Uint8Array | undefined;
  let joinedFilled = 0;
  let room: Uint8Array | undefined;
  let held: Uint8Array | undefined;
  const window = new Window(range);
  try {
    for await (const chunk of stored) {
      let at = 0;
      while (at < chunk.length) {
        if (opener === undefined) {
          const n = Math.min(HEADER_BYTES - headerFilled, chunk.length - at);
          header.set(chunk.subarray(at, at + n), headerFilled);
          headerFilled += n;
          at += n;
          if (headerFilled === HEADER_BYTES && typeof start === "function") opener = start(header);
          continue;
        }
        if (index > range.lastSegment) throw new CryptoError("TrailingBytes", "stored stream");
        const size = opener.segmentSize(index);
        const want = size + TAG_BYTES;
        let sealed: Uint8Array;
        if (joinedFilled === 0 && chunk.length - at >= want) {
          sealed = chunk.subarray(at, at + want);
          at += want;
        } else {
          joined ??= new Uint8Array(want);
          const n = Math.min(want - joinedFilled, chunk.length - at);
          joined.set(chunk.subarray(at, at + n), joinedFilled);
          joinedFilled += n;
          at += n;
          if (joinedFilled < want) continue;
          sealed = joined.subarray(0, want);
          joinedFilled = 0;
        }
        if (reuse && direct !== undefined) room ??= new Uint8Array(size);
        held = opener.openSegment(index, sealed, room);
        // The last segment waits for the end of the stored bytes: what follows a final segment is no clean end.
        if (index++ === range.lastSegment) continue;
        const out = window.cut(held);
        held = undefined;
        if (out.length > 0) yield out;
      }
    }
    if (index <= range.lastSegment || held === undefined) throw new CryptoError("Truncated", "stored stream");
    const out = window.cut(held);
    held = undefined;
    if (out.length > 0) yield out;
  } finally {
    // Plaintext that nobody took, and memory that served again and again.
    held?.fill(0);
    room?.fill(0);
    opener?.[Symbol.dispose]();
  }
}
