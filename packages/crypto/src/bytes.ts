/**
 * Byte plumbing of the sealed format: big-endian integers, LP(x) = a 4-byte length and x, and a reader that refuses what
 * does not fit. Formats are built and read only with these two classes.
 */
import { CryptoError } from "./errors.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 of a string; throws Malformed for a lone surrogate, which has no UTF-8 form. */
export function utf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new CryptoError("Malformed", "text with a lone surrogate");
  return encoder.encode(text);
}

/**
 * The same bytes as a plain Uint8Array. node:crypto answers with Buffers, whose `slice` is a view where a Uint8Array's is a
 * copy, and which compare unequal to arrays in tests; they stay inside.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Below this the collector's way is cheaper. */
const RELEASE_BYTES_MIN = 4 * 1024;

/**
 * Gives the memory of a large buffer back at once, where it is all the buffer's own. The collector would let dozens of
 * them pile up, each on pages of its own, and touching new pages costs as much as sealing them. `bytes` is empty afterwards.
 */
export function release(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (byteLength < RELEASE_BYTES_MIN || buffer.byteLength !== byteLength) return;
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

const BODIES_BYTES = 64 * 1024;
let bodies: Uint8Array = new Uint8Array(0);
let bodiesUsed = 0;

/**
 * Room for the plaintext of a small body, in memory that bodies of the same moment share: the engine makes, counts and
 * collects one array off its heap for all of them. No key is ever there.
 */
export function bodyBytes(size: number): Uint8Array {
  if (size > BODIES_BYTES / 8) return new Uint8Array(size);
  if (bodiesUsed + size > bodies.length) {
    bodies = new Uint8Array(BODIES_BYTES);
    bodiesUsed = 0;
  }
  const start = bodiesUsed;
  bodiesUsed += size;
  return bodies.subarray(start, start + size);
}

const SLAB_BYTES = 32 * 1024;
let slab: Uint8Array = new Uint8Array(0);
let slabUsed = 0;

/**
 * Zeros in a slab that many share: for short-lived bytes without a key in them, where a buffer of their own (off the
 * engine's heap above 64 bytes, and collected apart) costs more than what is written. Never for key bytes.
 */
export function scratchBytes(size: number): Uint8Array {
  if (size > SLAB_BYTES / 16) return new Uint8Array(size);
  const start = carve(size);
  return slab.subarray(start, start + size);
}

/** Where the next bytes of the slab begin, or of a new one. */
function carve(size: number): number {
  if (slabUsed + size > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  slabUsed += size;
  return slabUsed - size;
}

/** Appends fields to one buffer that grows when needed. Sized right, a message costs one allocation. */
export class Writer {
  #bytes: Uint8Array;
  #start: number;
  #at: number;
  #end: number;

  /** `bytes` and `start`: where another buffer is written, as {@link Writer.scratch} does. */
  constructor(capacity = 256, bytes: Uint8Array = new Uint8Array(capacity), start = 0) {
    this.#bytes = bytes;
    this.#start = start;
    this.#at = start;
    this.#end = start + capacity;
  }

  /** A writer in the slab of {@link scratchBytes}: the same holds for what it writes. */
  static scratch(capacity: number): Writer {
    if (capacity > SLAB_BYTES / 16) return new Writer(capacity);
    const start = carve(capacity);
    return new Writer(capacity, slab, start);
  }

  #reserve(n: number): void {
    if (this.#at + n <= this.#end) return;
    const old = this.#bytes.subarray(this.#start, this.#at);
    this.#end = Math.max((this.#end - this.#start) * 2, old.length + n);
    this.#bytes = new Uint8Array(this.#end);
    this.#bytes.set(old);
    this.#start = 0;
    this.#at = old.length;
    old.fill(0);
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  u32(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
      throw new CryptoError("Malformed", "an integer outside 32 bits");
    }
    this.#reserve(4);
    const b = this.#bytes;
    b[this.#at++] = value >>> 24;
    b[this.#at++] = value >>> 16;
    b[this.#at++] = value >>> 8;
    b[this.#at++] = value;
    return this;
  }

  /** Up to 2^53 - 1: sizes and offsets. */
  u64(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new CryptoError("Malformed", "an integer outside 53 bits");
    return this.u32(Math.floor(value / 0x1_0000_0000)).u32(value % 0x1_0000_0000);
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** `bytes` must have exactly `size` bytes: for fields without a length of their own. */
  fixed(bytes: Uint8Array, size: number): this {
    if (bytes.length !== size)
      throw new CryptoError("Malformed", `a field of ${size} bytes has ${bytes.length}`);
    return this.raw(bytes);
  }

  lp(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  lpText(text: string): this {
    if (!text.isWellFormed()) throw new CryptoError("Malformed", "text with a lone surrogate");
    this.#reserve(4 + text.length * 3);
    const at = this.#at + 4;
    const written = writeUtf8(this.#bytes, text, at);
    this.u32(written);
    this.#at = at + written;
    return this;
  }

  /** The bytes so far, without a copy. The writer must not be used afterwards. */
  done(): Uint8Array {
    // What is left of a slab serves the next one.
    if (this.#end === slabUsed && this.#bytes === slab) slabUsed = this.#at;
    this.#end = this.#at;
    // A view of a small array would take it off the engine's heap.
    if (this.#start === 0 && this.#at === this.#bytes.length) return this.#bytes;
    return this.#bytes.subarray(this.#start, this.#at);
  }

  /** Wipes what was written; for messages that held a key. */
  wipe(): void {
    this.#bytes.fill(0, this.#start, this.#at);
  }
}

const buffer = Buffer.alloc(0);

/** In place: an encoder wants a view that begins there, which costs more than the writing. */
function writeUtf8(into: Uint8Array, text: string, at: number): number {
  return buffer.write.call(into, text, at, text.length * 3, "utf8");
}

/** Reads fields in order. Every length is checked against what is left before anything is taken: Truncated. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  /** `what` names the structure in errors. */
  constructor(bytes: Uint8Array, what: string) {
    // A plain view, so that fields are Uint8Array also when the caller read a Buffer.
    this.#bytes = plainBytes(bytes);
    this.#what = what;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw new CryptoError("Truncated", this.#what);
    this.#at++;
    return value;
  }

  u32(): number {
    if (this.left < 4) throw new CryptoError("Truncated", this.#what);
    return this.u8() * 0x100_0000 + (this.u8() << 16) + (this.u8() << 8) + this.u8();
  }

  u64(): number {
    const value = this.u32() * 0x1_0000_0000 + this.u32();
    if (!Number.isSafeInteger(value)) throw new CryptoError("Malformed", this.#what);
    return value;
  }

  /** A view of the next n bytes, not a copy. */
  take(n: number): Uint8Array {
    if (n > this.left) throw new CryptoError("Truncated", this.#what);
    const at = this.#at;
    this.#at += n;
    return this.#bytes.subarray(at, at + n);
  }

  lp(bytesMax: number = Number.POSITIVE_INFINITY): Uint8Array {
    const size = this.u32();
    if (size > bytesMax)
      throw new CryptoError("Malformed", `${this.#what}: a field exceeds ${bytesMax} bytes`);
    return this.take(size);
  }

  lpFixed(size: number): Uint8Array {
    const field = this.lp();
    if (field.length !== size) throw new CryptoError("Malformed", `${this.#what}: a field of ${size} bytes`);
    return field;
  }

  /** LP of an integer of 4 or 8 bytes. */
  lpNumber(size: 4 | 8): number {
    if (this.u32() !== size) throw new CryptoError("Malformed", `${this.#what}: an integer of ${size} bytes`);
    return size === 4 ? this.u32() : this.u64();
  }

  lpText(): string {
    const bytes = this.lp();
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      throw new CryptoError("Malformed", `${this.#what}: text that is not UTF-8`, cause);
    }
  }

  rest(): Uint8Array {
    return this.take(this.left);
  }

  /** Nothing may be left. */
  end(): void {
    if (this.left !== 0) throw new CryptoError("TrailingBytes", this.#what);
  }

  fail(why: string): never {
    throw new CryptoError("Malformed", `${this.#what}: ${why}`);
  }
}
