import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { blocksOf, scriptOf } from "./tutorial.ts";

test("every block of the tutorial is run, refused ones as such, but the one that says where the store is", () => {
  const document = readFileSync(join(import.meta.dirname, "../docs/tutorial/separate-roles.md"), "utf8");
  const blocks = blocksOf(document);
  assert.equal(document.match(/^```$/gm)?.length, blocks.length + 1);
  assert.ok(blocks.filter(({ refused }) => refused).length >= 8);
  const [first] = blocks;
  assert.equal(document.split("\n")[(first?.line ?? 0) - 1], "```sh");
  assert.match(scriptOf([{ refused: true, text: "aws x\n", line: 3 }]), /if \( aws x\n\)/);
});
