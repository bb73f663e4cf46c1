import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonInside, jsonString } from "./json-text.ts";

test("texts come out as JSON.stringify writes them", () => {
  const units = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));
  const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.string({ unit: units }));
  fc.assert(
    fc.property(text, (value) => {
      assert.equal(jsonString(value), JSON.stringify(value));
      assert.equal(`"${jsonInside(value)}"`, JSON.stringify(value));
    }),
  );
  for (let unit = 0; unit < 0x100; unit++) {
    const value = `a${String.fromCharCode(unit)}b`;
    assert.equal(jsonString(value), JSON.stringify(value));
  }
});
