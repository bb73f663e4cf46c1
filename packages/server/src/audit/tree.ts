/**
 * The tree over the records of one checkpoint (docs/format/audit.md section 5): leaves are record hashes, a node hashes
 * up to 16 children. It lets an auditor check one record against a signed root without the other records.
 */
import { Buffer } from "node:buffer";
import { NO_HASH, TREE_WIDTH, treeNode } from "./format.ts";

/** Takes leaves one by one and holds no more than 16 hashes a level. */
export class TreeBuilder {
  readonly #levels: Uint8Array[][] = [[]];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(leaf: Uint8Array): void {
    this.#count++;
    let node = leaf;
    for (let level = 0; ; level++) {
      const row = (this.#levels[level] ??= []);
      row.push(node);
      if (row.length < TREE_WIDTH) return;
      node = treeNode(row);
      row.length = 0;
    }
  }

  /** The root so far; more leaves may follow. */
  root(): Uint8Array {
    if (this.#count === 0) return NO_HASH;
    if (this.#count === 1) return this.#levels[0]?.[0] ?? NO_HASH;
    let carry: Uint8Array | undefined;
    for (const [level, row] of this.#levels.entries()) {
      const children = carry === undefined ? row : [...row, carry];
      if (children.length === 0) continue;
      const top = this.#levels.slice(level + 1).every((above) => above.length === 0);
      if (top && children.length === 1) return children[0] ?? NO_HASH;
      carry = treeNode(children);
    }
    return carry ?? NO_HASH;
  }
}

/** What else its parent hashes, from the leaf up: `index` is the place among the children. */
export interface ProofStep {
  readonly index: number;
  readonly others: readonly Uint8Array[];
}

/** Proves that leaf `at` is one of these leaves. */
export function proofOf(leaves: readonly Uint8Array[], at: number): readonly ProofStep[] {
  const steps: ProofStep[] = [];
  let row = leaves;
  let index = at;
  while (row.length > 1) {
    const start = index - (index % TREE_WIDTH);
    const children = row.slice(start, start + TREE_WIDTH);
    steps.push({ index: index - start, others: children.filter((_, i) => i !== index - start) });
    const above: Uint8Array[] = [];
    for (let i = 0; i < row.length; i += TREE_WIDTH) above.push(treeNode(row.slice(i, i + TREE_WIDTH)));
    row = above;
    index = start / TREE_WIDTH;
  }
  return steps;
}

export function provesLeaf(leaf: Uint8Array, steps: readonly ProofStep[], root: Uint8Array): boolean {
  let node = leaf;
  for (const { index, others } of steps) {
    if (index > others.length || others.length >= TREE_WIDTH) return false;
    node = treeNode([...others.slice(0, index), node, ...others.slice(index)]);
  }
  return Buffer.compare(node, root) === 0;
}
