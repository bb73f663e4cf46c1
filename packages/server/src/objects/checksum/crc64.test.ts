/** Against the published check value, and against another implementation for any bytes in any pieces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createCRC64 } from "hash-wasm";
import { Crc64Nvme, FOLD_DISTANCES } from "./crc64.ts";

const hexOf = (...pieces: readonly Uint8Array[]): string => {
  const crc = new Crc64Nvme();
  for (const piece of pieces) crc.update(piece);
  return Buffer.from(crc.digest()).toString("hex");
};
const other = await createCRC64("9a6c9329ac4bc9b5");

test("the check value of CRC-64/NVME", () => {
  assert.equal(hexOf(Buffer.from("123456789")), "ae8b14860a799888");
  assert.equal(hexOf(), "0000000000000000");
});

test("lengths around every boundary", () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 131) ^ (i >>> 7));
  for (const edge of [0, 8, 1024, 4096, 8192, 65_536, 131_072]) {
    for (const length of [edge - 1, edge, edge + 1, edge + 9].filter((n) => n >= 0)) {
      const piece = bytes.subarray(0, length);
      assert.equal(hexOf(piece), other.init().update(piece).digest("hex"), `${length} bytes`);
    }
  }
});

test("sixteen bytes are worth as much so many times sixteen bytes further on", () => {
  const POLYNOMIAL = 0x9a6c_9329_ac4b_c9b5n;
  /** x^(128 n) modulo the polynomial, bits reversed. */
  const power = (n: number): bigint => {
    let register = 1n << 63n;
    for (let bit = 0; bit < 128 * n; bit++)
      register = (register >> 1n) ^ ((register & 1n) === 0n ? 0n : POLYNOMIAL);
    return register;
  };
  const reach = Math.max(...FOLD_DISTANCES);
  assert.equal(
    FOLD_DISTANCES.reduce((sum, distance) => sum ^ power(reach - distance), 0n),
    power(reach),
  );
});

test("any bytes in any pieces, several sums at once", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 20_000, size: "max" }),
      fc.array(fc.nat(20_000), { maxLength: 4 }),
      (bytes, cuts) => {
        const at = [0, ...cuts.map((c) => Math.min(c, bytes.length)).toSorted((a, b) => a - b), bytes.length];
        const whole = new Crc64Nvme();
        const beside = new Crc64Nvme();
        for (let i = 1; i < at.length; i++) {
          const piece = bytes.subarray(at[i - 1], at[i]);
          whole.update(piece);
          beside.update(bytes.subarray(0, 3));
        }
        assert.equal(Buffer.from(whole.digest()).toString("hex"), other.init().update(bytes).digest("hex"));
      },
    ),
    { numRuns: 200 },
  );
});
