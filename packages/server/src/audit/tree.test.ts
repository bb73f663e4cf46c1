/** Roots and proofs over any number of leaves; nothing but the leaf in its place is proved. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { trailHash } from "@strongroom/crypto";
import fc from "fast-check";
import { NO_HASH, TREE_WIDTH, treeNode } from "./format.ts";
import { proofOf, provesLeaf, TreeBuilder } from "./tree.ts";

const leafOf = (n: number): Uint8Array => trailHash(Buffer.from([1, n >>> 8, n & 255]));
const leavesOf = (count: number, salt = 0): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, n) => leafOf(n + salt));
const COUNTS = [1, 2, 15, 16, 17, 31, 32, 255, 256, 257, 272, 4096, 4097, 5000];

function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const tree = new TreeBuilder();
  for (const leaf of leaves) tree.add(leaf);
  return tree.root();
}

/** Level by level, as the format document says. */
function plainRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return NO_HASH;
  let row = leaves;
  while (row.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < row.length; i += TREE_WIDTH) above.push(treeNode(row.slice(i, i + TREE_WIDTH)));
    row = above;
  }
  return row[0] ?? NO_HASH;
}

test("the builder's root is the plain one, for every count and after every leaf", () => {
  for (const count of COUNTS)
    assert.deepEqual(rootOf(leavesOf(count)), plainRoot(leavesOf(count)), `${count}`);
  const tree = new TreeBuilder();
  assert.deepEqual(tree.root(), NO_HASH);
  for (let n = 0; n < 600; n++) {
    tree.add(leafOf(n));
    assert.deepEqual(tree.root(), plainRoot(leavesOf(n + 1)));
  }
});

test("every leaf is proved, in few steps", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom(...COUNTS), fc.integer({ min: 1, max: 700 })),
      fc.nat(),
      (count, n) => {
        const leaves = leavesOf(count);
        const at = n % count;
        const steps = proofOf(leaves, at);
        assert.ok(provesLeaf(leafOf(at), steps, rootOf(leaves)));
        assert.ok(steps.length <= Math.ceil(Math.log(count) / Math.log(TREE_WIDTH)) + 1);
      },
    ),
  );
});

test("no other leaf, place, root or changed step is proved", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 700 }),
      fc.nat(),
      fc.nat(),
      fc.nat(255),
      (count, n, place, flip) => {
        const leaves = leavesOf(count);
        const at = n % count;
        const root = rootOf(leaves);
        const steps = proofOf(leaves, at);
        assert.equal(provesLeaf(leafOf(at + 1000), steps, root), false);
        assert.equal(provesLeaf(leafOf(at), steps, rootOf(leavesOf(count, 1))), false);
        assert.equal(provesLeaf(leafOf(at), steps.slice(1), root), false);
        const which = place % steps.length;
        const changed = steps.map((step, i) => {
          const [first, ...rest] = step.others;
          if (i !== which || first === undefined) return step;
          const bytes = Uint8Array.from(first);
          bytes[flip % bytes.length] = (bytes[flip % bytes.length] ?? 0) ^ 1;
          return { ...step, others: [bytes, ...rest] };
        });
        const same = steps[which]?.others.length === 0;
        assert.equal(provesLeaf(leafOf(at), changed, root), same);
        const moved = steps.map((step, i) => (i === which ? { ...step, index: step.index + 1 } : step));
        assert.equal(provesLeaf(leafOf(at), moved, root), false);
      },
    ),
  );
});

test("a node does not pass for a leaf", () => {
  const leaves = leavesOf(40);
  const root = rootOf(leaves);
  const steps = proofOf(leaves, 3);
  const inner = treeNode(leaves.slice(0, TREE_WIDTH));
  // The arithmetic holds; that no record hashes to a node is what the two marks are for.
  assert.ok(provesLeaf(inner, steps.slice(1), root));
  const record = trailHash(Buffer.concat([Uint8Array.of(1), ...leaves.slice(0, TREE_WIDTH)]));
  assert.equal(provesLeaf(record, steps.slice(1), root), false);
});
