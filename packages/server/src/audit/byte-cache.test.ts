import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteCache } from "./byte-cache.ts";

test("what costs more leaves room for fewer; what was asked for longest ago goes first", async () => {
  const cache = new ByteCache<string>(100);
  const read: string[] = [];
  const load = (name: string, bytes: number) =>
    cache.load(name, () => {
      read.push(name);
      return Promise.resolve({ value: name, bytes });
    });
  for (const name of ["a", "b", "c", "d"]) await load(name, 25);
  await load("a", 25);
  await load("large", 50);
  assert.deepEqual(read.splice(0), ["a", "b", "c", "d", "large"]);
  // b and c made room.
  for (const name of ["a", "d", "large"]) await load(name, 25);
  assert.deepEqual(read.splice(0), []);
  await load("b", 25);
  assert.deepEqual(read.splice(0), ["b"]);
  // More than all there is: answered, and not kept.
  assert.equal(await load("huge", 101), "huge");
  await load("huge", 101);
  await load("b", 25);
  assert.deepEqual(read, ["huge", "huge", "b"]);
});

test("one that two asked for at once counts once", async () => {
  const cache = new ByteCache<string>(100);
  let reads = 0;
  const load = (name: string) =>
    cache.load(name, async () => {
      reads++;
      await Promise.resolve();
      return { value: name, bytes: 40 };
    });
  await Promise.all([load("a"), load("a")]);
  await load("b");
  assert.equal(reads, 3);
  await load("a");
  assert.equal(reads, 3);
});
