import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodePlanes, encodePlanes } from "./planes.ts";

const MAXIMA = [0, 255, 256, 2 ** 16, 2 ** 24, 2 ** 32, Number.MAX_SAFE_INTEGER];
const lists = fc
  .constantFrom(...MAXIMA)
  .chain((max) => fc.array(fc.integer({ min: 0, max }), { maxLength: 60 }));

test("integers of every width come back", () => {
  fc.assert(
    fc.property(lists, (values) => {
      const decoded = decodePlanes(encodePlanes(values));
      assert.deepEqual(Array.from(decoded ?? []), values);
    }),
  );
});

test("a list of bytes is encoded as the same integers are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      assert.deepEqual(encodePlanes(bytes), encodePlanes(Array.from(bytes)));
      const count = bytes.length >> 1;
      assert.deepEqual(encodePlanes(bytes, count), encodePlanes(Array.from(bytes), count));
    }),
  );
});
