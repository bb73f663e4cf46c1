import assert from "node:assert/strict";
import { test } from "node:test";
import { LABELS } from "./labels.ts";

test("no label is another's prefix, nor a length prefix", () => {
  const texts = Object.values(LABELS).map((label) => Buffer.from(label).toString());
  for (const [i, a] of texts.entries()) {
    assert.match(a, /^strongroom\/v1\/[a-z-]+$/);
    for (const [j, b] of texts.entries()) assert.ok(i === j || !a.startsWith(b), `${b} begins ${a}`);
  }
});
