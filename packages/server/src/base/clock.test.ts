import assert from "node:assert/strict";
import { test } from "node:test";
import { isFresh } from "./clock.ts";

test("what is held is old at its age, and as soon as the clock was set back", () => {
  assert.deepEqual(
    [1000, 1099, 1100, 9e15, 999, 0].map((now) => isFresh(1000, now, 100)),
    [true, true, false, false, false, false],
  );
});
