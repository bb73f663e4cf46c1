/** Fixed-width integers in row keys and binary bodies: unsigned, big-endian, so that they sort as numbers. */
import { IntegrityError } from "../base/errors.ts";

export function u32(n: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, n);
  return out;
}

/** Up to 2^53 - 1. */
export function u64(n: number): Uint8Array {
  const out = new Uint8Array(8);
  const view = new DataView(out.buffer);
  view.setUint32(0, Math.floor(n / 2 ** 32));
  view.setUint32(4, n % 2 ** 32);
  return out;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Reads a binary body front to back; too short or too long is corruption. */
export class BodyReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#what = what;
  }

  /** The first byte of every stored body. */
  version(known: number): void {
    const version = this.take(1)[0];
    if (version !== known)
      throw new IntegrityError(`${this.#what}: unknown format version ${version ?? "none"}`);
  }
  take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new IntegrityError(`${this.#what} is too short`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  u8(): number {
    return this.take(1)[0] ?? 0;
  }
  u32(): number {
    this.take(4);
    return this.#view.getUint32(this.#at - 4);
  }
  u64(): number {
    return this.u32() * 2 ** 32 + this.u32();
  }
  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at);
  }
  end(): void {
    if (this.#at !== this.#bytes.length) throw new IntegrityError(`${this.#what} is too long`);
  }
}
