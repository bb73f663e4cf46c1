/** Every case of the specification's test list has a test that carries its number; 68, interop, is `interop/`. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

test("cases 1 to 67 of the specification's test list are all there", () => {
  const named = new Set<number>();
  for (const file of readdirSync(import.meta.dirname).filter((name) => /^spec-.*\.test\.ts$/.test(name))) {
    const source = readFileSync(`${import.meta.dirname}/${file}`, "utf8");
    for (const [, numbers = ""] of source.matchAll(/test\(\s*"([0-9, ]+): /g))
      for (const number of numbers.split(",")) named.add(Number(number));
  }
  const missing = Array.from({ length: 67 }, (_, i) => i + 1).filter((number) => !named.has(number));
  assert.deepEqual(missing, []);
});
