import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CryptoError, plaintextSize, SEGMENT_BYTES, storedSize, streamRange } from "./index.ts";

const EDGES = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073];
const size = fc.oneof(fc.constantFrom(...EDGES), fc.integer({ min: 0, max: 50 * 1000 ** 4 }));

test("stored and plaintext sizes invert exactly", () => {
  fc.assert(fc.property(size, (n) => plaintextSize(storedSize(n)) === n));
  const reachable = new Set<number>();
  for (let n = 0; n <= 140_000; n++) reachable.add(storedSize(n));
  for (let stored = 0; stored <= 140_000; stored++) {
    assert.equal(plaintextSize(stored) !== undefined, reachable.has(stored), String(stored));
  }
  for (const bad of [-1, 0.5, Number.NaN, 2 ** 60]) assert.equal(plaintextSize(bad), undefined);
  for (const bad of [-1, 0.5, Number.NaN, 2 ** 60]) assert.throws(() => storedSize(bad), CryptoError);
});

test("a range covers what it gives, and no segment more", () => {
  fc.assert(
    fc.property(
      size,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (n, a, b) => {
        fc.pre(n > 0);
        const from = Math.min(n - 1, Math.floor(Math.min(a, b) * n));
        const to = Math.max(from + 1, Math.floor(Math.max(a, b) * n));
        const r = streamRange(n, from, to);
        assert.equal(r.take, to - from);
        assert.equal(r.firstSegment * SEGMENT_BYTES + r.skip, from);
        assert.ok(r.skip < SEGMENT_BYTES);
        assert.ok(r.lastSegment * SEGMENT_BYTES < to && to <= (r.lastSegment + 1) * SEGMENT_BYTES);
        assert.ok(r.storedTo <= storedSize(n));
        assert.equal(r.storedTo === storedSize(n), (r.lastSegment + 1) * SEGMENT_BYTES >= n);
      },
    ),
  );
  for (const [n, from, to] of [
    [0, 0, 1],
    [10, 5, 5],
    [10, 6, 5],
    [10, -1, 5],
    [10, 0, 11],
    [10, 0.5, 5],
  ] as const) {
    assert.throws(() => streamRange(n, from, to), CryptoError);
  }
});
