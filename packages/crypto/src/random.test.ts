import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "./index.ts";

test("pooled bytes never repeat and stand in buffers of their own", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const bytes = randomBytes([12, 16, 32, 33][i % 4] ?? 12);
    assert.equal(bytes.buffer.byteLength, bytes.length);
    seen.add(Buffer.from(bytes).toString("hex"));
  }
  assert.equal(seen.size, 2000);
});

test("amounts beyond the pool", () => {
  const bytes = randomBytes(10_000);
  assert.ok(new Set(bytes).size > 200);
  assert.equal(randomBytes(0).length, 0);
});
