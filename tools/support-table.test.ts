import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { supportTable } from "./support-table.ts";

test("the support table in the documentation is current", () => {
  const path = new URL("../docs/operations/s3-operations.md", import.meta.url);
  assert.equal(readFileSync(path, "utf8"), supportTable());
});
