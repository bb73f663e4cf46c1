import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CryptoError } from "./errors.ts";
import { Reader, Writer } from "./bytes.ts";

const code = (expected: string) => (error: unknown) =>
  error instanceof CryptoError && error.code === expected;

test("what is written is read", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.maxSafeNat(),
      fc.uint8Array(),
      fc.string({ unit: "grapheme" }),
      fc.integer({ min: 1, max: 64 }),
      (a, b, c, d, e, capacity) => {
        const bytes = new Writer(capacity).u8(a).u32(b).u64(c).lp(d).lpText(e).raw(d).done();
        for (const input of [bytes, Buffer.from(bytes)]) {
          const reader = new Reader(input, "test");
          assert.deepEqual([reader.u8(), reader.u32(), reader.u64()], [a, b, c]);
          assert.deepEqual(reader.lp(), d);
          assert.equal(reader.lpText(), e);
          assert.deepEqual(reader.rest(), d);
          reader.end();
        }
      },
    ),
  );
});

test("a reader takes no byte that is not there", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), (payload) => {
      const bytes = new Writer().lp(payload).done();
      for (let cut = 0; cut < bytes.length; cut++) {
        assert.throws(() => new Reader(bytes.subarray(0, cut), "test").lp(), code("Truncated"));
      }
      assert.throws(() => new Reader(bytes, "test").end(), code("TrailingBytes"));
      assert.throws(() => new Reader(bytes, "test").lp(payload.length - 1), code("Malformed"));
    }),
  );
  const huge = new Uint8Array([0xff, 0xff, 0xff, 0xff]);
  assert.throws(() => new Reader(huge, "test").lp(), code("Truncated"));
  assert.throws(() => new Reader(new Uint8Array(8).fill(0xff), "test").u64(), code("Malformed"));
});

test("a writer refuses what has no form", () => {
  assert.throws(() => new Writer().u32(-1), code("Malformed"));
  assert.throws(() => new Writer().u32(2 ** 32), code("Malformed"));
  assert.throws(() => new Writer().u64(2 ** 53), code("Malformed"));
  assert.throws(() => new Writer().u64(0.5), code("Malformed"));
  assert.throws(() => new Writer().lpText("\ud800"), code("Malformed"));
  assert.throws(() => new Writer().fixed(new Uint8Array(15), 16), code("Malformed"));
});
