import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RecentMap } from "./recent-map.ts";

test("what was used among the last half of the entries is there, with its newest value", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 300 }), (steps) => {
      const map = new RecentMap<number, number>(8);
      const newest = new Map<number, number>();
      const used: number[] = [];
      steps.forEach(([key, write], at) => {
        const found = write ? at : map.get(key);
        if (write) {
          map.set(key, at);
          newest.set(key, at);
        }
        if (found !== undefined) used.push(key);
        if (!write && found !== undefined) assert.equal(found, newest.get(key));
        assert.ok(map.size <= 8);
        const entries = [...map.entries()];
        assert.equal(entries.length, map.size);
        for (const [held, value] of entries) assert.equal(value, newest.get(held));
      });
      const lately = new Set<number>();
      for (let i = used.length - 1; i >= 0 && lately.size < 4; i--) lately.add(used[i] ?? -1);
      for (const key of [...lately].toReversed()) assert.equal(map.get(key), newest.get(key));
    }),
  );
});

test("a deleted entry is gone from both generations", () => {
  const map = new RecentMap<string, number>(4);
  for (const key of ["a", "b", "c"]) map.set(key, 1);
  map.delete("a");
  map.delete("c");
  assert.equal(map.get("a"), undefined);
  assert.equal(map.get("c"), undefined);
  assert.equal(map.get("b"), 1);
});

test("entries that cost more leave room for fewer", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(12), fc.nat(60), fc.nat(3)), { maxLength: 300 }), (steps) => {
      const map = new RecentMap<number, { readonly cost: number }>(10, { max: 100, of: ({ cost }) => cost });
      const newest = new Map<number, { readonly cost: number }>();
      for (const [key, cost, how] of steps) {
        if (how === 0) {
          map.delete(key);
          newest.delete(key);
        } else if (how === 1) {
          const found = map.get(key);
          if (found !== undefined) assert.equal(found, newest.get(key));
        } else {
          const value = { cost };
          map.set(key, value);
          newest.set(key, value);
          assert.equal(map.get(key), value);
        }
        const held = [...map.entries()];
        for (const [at, value] of held) assert.equal(value, newest.get(at));
        assert.ok(map.size <= 10);
        // Two generations of 50, or of one entry that is larger.
        assert.ok(held.reduce((sum, [, value]) => sum + value.cost, 0) <= 120);
      }
    }),
  );
  const map = new RecentMap<number, number>(1000, { max: 100, of: (cost) => cost });
  for (let i = 0; i < 1000; i++) map.set(i, 10);
  assert.equal(map.size, 10);
  // What is used stays, and is counted once.
  for (let i = 0; i < 1000; i++) {
    map.set(i % 2 === 0 ? 7 : i, 10);
    map.get(7);
  }
  assert.equal(map.get(7), 10);
  map.delete(7);
  assert.equal(map.get(7), undefined);
});
