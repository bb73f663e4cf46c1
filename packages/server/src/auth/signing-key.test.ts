import assert from "node:assert/strict";
import { test } from "node:test";
import { sameSignature } from "./signing-key.ts";

test("a signature is the same by every character, and by no other that looks like it", () => {
  const computed = "0a".repeat(32);
  assert.equal(sameSignature(computed, "0a".repeat(32)), true);
  for (const [at, other] of [
    [0, "1"],
    [63, "b"],
    // Its low byte is the letter's, in whichever place.
    [1, "\u0161"],
    [63, "\u0161"],
    [62, "\u{1f130}"],
    [63, "\ud830"],
  ] as const) {
    assert.equal(sameSignature(computed, computed.slice(0, at) + other + computed.slice(at + 1)), false);
  }
  for (const other of ["", "0a", computed.slice(1), `${computed}0`, computed.toUpperCase()])
    assert.equal(sameSignature(computed, other), false);
  // Nothing is left of the one before.
  assert.equal(sameSignature(computed, computed), true);
  assert.equal(sameSignature(computed, "\u00e9".repeat(64)), false);
});
