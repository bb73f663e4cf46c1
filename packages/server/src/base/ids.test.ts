import assert from "node:assert/strict";
import { test } from "node:test";
import { newContentId } from "./ids.ts";

test("content ids of one process follow each other, and end in what nobody can guess", () => {
  const ids = Array.from({ length: 1000 }, newContentId);
  for (const [i, id] of ids.entries()) {
    assert.equal(id.length, 16);
    const before = ids[i - 1];
    if (before !== undefined) assert.ok(Buffer.compare(before, id) < 0);
  }
  const tails = new Set(ids.map((id) => Buffer.from(id.subarray(8)).toString("hex")));
  assert.equal(tails.size, ids.length);
});
