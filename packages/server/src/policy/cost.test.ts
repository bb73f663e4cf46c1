import assert from "node:assert/strict";
import { test } from "node:test";
import { measure } from "../../../../tools/bench/policy.ts";
import { cpuMs } from "./testing.ts";

test("a decision with ten policies in play costs under 20 microseconds", () => {
  // Generous: the figure is for a quiet machine, and a slow one must not fail the suite.
  for (const { name, micros } of measure(5000, cpuMs)) assert.ok(micros < 60, `${name}: ${micros} us`);
});
