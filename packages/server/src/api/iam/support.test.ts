/** The documentation names exactly what is served. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { STS_OPERATIONS } from "../sts/index.ts";
import { IAM_OPERATIONS } from "./index.ts";

const PATH = join(import.meta.dirname, "../../../../../docs/operations/identities.md");

function named(section: string): readonly string[] {
  const text = readFileSync(PATH, "utf8");
  const start = text.indexOf(`## ${section}\n`);
  assert.ok(start > 0, section);
  const [, paragraph = ""] = text.slice(start).split("\n\n");
  return paragraph.split(/[\s,]+/).filter((word) => word !== "");
}

test("docs/operations/identities.md lists the operations of IAM and STS", () => {
  assert.deepEqual(named("Operations of IAM").toSorted(), [...IAM_OPERATIONS.keys()].toSorted());
  assert.deepEqual(named("Operations of STS").toSorted(), [...STS_OPERATIONS.keys()].toSorted());
});
