import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { IdSpill } from "./id-spill.ts";

test("the difference of two sets, beyond what the buffers hold", () => {
  using present = new IdSpill();
  using named = new IdSpill();
  const lost: string[] = [];
  // All of one shard, so that its buffer is written out many times.
  for (let i = 0; i < 2000; i++) {
    const id = randomBytes(16);
    id[0] = 7;
    present.add(id);
    if (i % 100 === 0) lost.push(id.toString("hex"));
    else named.add(id);
  }
  assert.deepEqual([...present.without(named)].toSorted(), lost.toSorted());
  assert.deepEqual([...named.without(present)], []);
});
