import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CHECKSUM_ALGORITHMS } from "../api.ts";
import { checksumBytes, checksumOf, isLinear, startChecksum } from "./algorithms.ts";
import { combineCrc } from "./combine.ts";

const hex = (b: Uint8Array): string => Buffer.from(b).toString("hex");
const text = (s: string): Uint8Array => Buffer.from(s);

// Check values of "123456789": CRC catalogue, NVMe specification, xxHash's own vectors, FIPS 180-4, RFC 1321.
const KNOWN: readonly (readonly [(typeof CHECKSUM_ALGORITHMS)[number], string])[] = [
  ["CRC32", "cbf43926"],
  ["CRC32C", "e3069283"],
  ["CRC64NVME", "ae8b14860a799888"],
  ["SHA1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"],
  ["SHA256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"],
  ["MD5", "25f9e794323b453885f5181f1b624d0b"],
  ["XXHASH64", "8cb841db40e6ae83"],
];

for (const [algorithm, value] of KNOWN) {
  test(`${algorithm} of the check string`, () =>
    assert.equal(hex(checksumOf(algorithm, text("123456789"))), value));
}

test("the empty string has the published value in every algorithm", () => {
  const empty = Object.fromEntries(CHECKSUM_ALGORITHMS.map((a) => [a, hex(checksumOf(a, new Uint8Array()))]));
  assert.equal(empty["CRC32"], "00000000");
  assert.equal(empty["CRC64NVME"], "0000000000000000");
  assert.equal(empty["XXHASH64"], "ef46db3751d8e999");
  assert.equal(empty["XXHASH3"], "2d06800538d394c2");
  assert.equal(empty["XXHASH128"], "99aa06d3014798d86001c324468d497f");
});

for (const algorithm of CHECKSUM_ALGORITHMS) {
  test(`${algorithm}: streams that run at the same time equal the one-shot value`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), {
          minLength: 1,
          maxLength: 9,
        }),
        (streams) => {
          const hashers = streams.map(() => startChecksum(algorithm));
          for (let round = 0; round < 6; round++) {
            streams.forEach((pieces, i) => {
              const piece = pieces[round];
              if (piece !== undefined) hashers[i]?.update(piece);
            });
          }
          streams.forEach((pieces, i) => {
            const whole = Buffer.concat(pieces);
            assert.equal(hex(hashers[i]?.digest() ?? new Uint8Array()), hex(checksumOf(algorithm, whole)));
            assert.equal(checksumOf(algorithm, whole).length, checksumBytes(algorithm));
          });
        },
      ),
      { numRuns: 40 },
    );
  });
}

for (const algorithm of CHECKSUM_ALGORITHMS.filter(isLinear)) {
  test(`${algorithm}: the parts' values combine into the whole's`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 5000 }), (a, b) => {
        const whole = checksumOf(algorithm, Buffer.concat([a, b]));
        assert.equal(
          hex(combineCrc(algorithm, checksumOf(algorithm, a), checksumOf(algorithm, b), b.length)),
          hex(whole),
        );
      }),
    );
  });
}
