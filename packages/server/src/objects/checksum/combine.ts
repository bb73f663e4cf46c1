/**
 * CRC(a || b) from CRC(a), CRC(b) and the length of b. Appending n zero bytes is a linear map on the CRC register: square
 * the one-byte map and multiply as n's bits say, O(log n) (the method of zlib's crc32_combine).
 */
import { assert } from "../../base/errors.ts";
import type { ChecksumAlgorithm } from "../api.ts";

/** Reflected polynomials. */
const POLYNOMIALS: ReadonlyMap<ChecksumAlgorithm, { readonly bits: number; readonly reflected: bigint }> =
  new Map([
    ["CRC32", { bits: 32, reflected: 0xedb88320n }],
    ["CRC32C", { bits: 32, reflected: 0x82f63b78n }],
    ["CRC64NVME", { bits: 64, reflected: 0x9a6c9329ac4bc9b5n }],
  ]);

/** Column i is the image of bit i. */
type Matrix = readonly bigint[];

function times(matrix: Matrix, vector: bigint): bigint {
  let sum = 0n;
  for (let i = 0, rest = vector; rest !== 0n; i++, rest >>= 1n)
    if ((rest & 1n) === 1n) sum ^= matrix[i] ?? 0n;
  return sum;
}
const square = (m: Matrix): Matrix => m.map((column) => times(m, column));

/** Powers of the one-zero-byte map: [k] appends 2^k zero bytes. Filled as needed. */
const powers = new Map<ChecksumAlgorithm, Matrix[]>();

function power(algorithm: ChecksumAlgorithm, k: number): Matrix {
  const spec = POLYNOMIALS.get(algorithm);
  assert(spec !== undefined, "only CRCs combine");
  let list = powers.get(algorithm);
  if (list === undefined) {
    // One zero bit: the register shifts right; the bit that falls out feeds the polynomial back.
    let m: Matrix = Array.from({ length: spec.bits }, (_, i) =>
      i === 0 ? spec.reflected : 1n << BigInt(i - 1),
    );
    for (let i = 0; i < 3; i++) m = square(m);
    list = [m];
    powers.set(algorithm, list);
  }
  for (let last = list.at(-1); list.length <= k && last !== undefined; last = list.at(-1))
    list.push(square(last));
  const found = list[k];
  assert(found !== undefined, "a power of the zero map");
  return found;
}

/** Big-endian values in and out; `bytesOfB` is the length of what b covers. */
export function combineCrc(
  algorithm: ChecksumAlgorithm,
  a: Uint8Array,
  b: Uint8Array,
  bytesOfB: number,
): Uint8Array {
  let crc = toBigInt(a);
  for (let k = 0, n = bytesOfB; n > 0; k++, n = Math.floor(n / 2)) {
    if (n % 2 === 1) crc = times(power(algorithm, k), crc);
  }
  return fromBigInt(crc ^ toBigInt(b), a.length);
}

function toBigInt(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}
function fromBigInt(value: bigint, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest >>= 8n) out[i] = Number(rest & 0xffn);
  return out;
}
