/**
 * Lists of integers as bytes: all first bytes, then all second bytes, and so on, as many as the largest needs. Ids of a
 * column and ascending numbers compress well this way.
 *
 *     bytes = width(1) || count(4) || plane 0 (lowest bytes) || plane 1 || …
 */
import { release } from "@strongroom/crypto";

const HEAD_BYTES = 5;

export function encodePlanes(values: ArrayLike<number>, count: number = values.length): Uint8Array {
  if (values instanceof Uint8Array) return onePlane(values.subarray(0, count));
  let largest = 0;
  for (let i = 0; i < count; i++) largest = Math.max(largest, values[i] ?? 0);
  const width =
    largest < 2 ** 8 ? 1 : largest < 2 ** 16 ? 2 : largest < 2 ** 24 ? 3 : largest < 2 ** 32 ? 4 : 8;
  const out = new Uint8Array(HEAD_BYTES + width * count);
  out[0] = width;
  new DataView(out.buffer).setUint32(1, count);
  let at = HEAD_BYTES;
  for (let plane = 0; plane < Math.min(width, 4); plane++) {
    const shift = 8 * plane;
    for (let i = 0; i < count; i++) out[at++] = (values[i] ?? 0) >>> shift;
  }
  for (let plane = 4; plane < width; plane++) {
    const shift = 8 * (plane - 4);
    for (let i = 0; i < count; i++) out[at++] = Math.floor((values[i] ?? 0) / 2 ** 32) >>> shift;
  }
  return out;
}

function onePlane(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(HEAD_BYTES + bytes.length);
  out[0] = 1;
  new DataView(out.buffer).setUint32(1, bytes.length);
  out.set(bytes, HEAD_BYTES);
  return out;
}

export type Integers = Uint8Array | Uint32Array | Float64Array;

/** Undefined for bytes that `encodePlanes` does not write. */
export function decodePlanes(bytes: Uint8Array): Integers | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const width = bytes[0] ?? 0;
  const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  if (![1, 2, 3, 4, 8].includes(width) || bytes.length !== HEAD_BYTES + width * count) return undefined;
  const planes = bytes.subarray(HEAD_BYTES);
  if (width === 1) return planes;
  const low = new Uint32Array(count);
  for (let plane = 0; plane < Math.min(width, 4); plane++) {
    const from = plane * count;
    const shift = 8 * plane;
    for (let i = 0; i < count; i++) low[i] = (low[i] ?? 0) | ((planes[from + i] ?? 0) << shift);
  }
  if (width <= 4) return low;
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let high = 0;
    for (let plane = 7; plane >= 4; plane--) high = high * 256 + (planes[plane * count + i] ?? 0);
    out[i] = high * 2 ** 32 + (low[i] ?? 0);
  }
  return out;
}

/** Integers that grow: no object for each. */
export class IntegerList<A extends Uint32Array | Float64Array> {
  readonly #make: (length: number) => A;
  #values: A;
  length = 0;

  constructor(make: (length: number) => A) {
    this.#make = make;
    this.#values = make(16);
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = this.#make(this.length * 2);
      grown.set(this.#values);
      release(new Uint8Array(this.#values.buffer));
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  /** Each with `more` added. */
  append(values: Integers, more = 0): void {
    for (let i = 0; i < values.length; i++) this.push((values[i] ?? 0) + more);
  }

  /** Empties it, for the next ones. */
  clear(): void {
    this.length = 0;
  }

  /** A view, until the next `push`. */
  view(): Integers {
    return this.#values.subarray(0, this.length);
  }
}
export const smallIntegers = (): IntegerList<Uint32Array> => new IntegerList((n) => new Uint32Array(n));
export const largeIntegers = (): IntegerList<Float64Array> => new IntegerList((n) => new Float64Array(n));
