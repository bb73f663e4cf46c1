import assert from "node:assert/strict";
import { test } from "node:test";
import { readDocument, withTable } from "./settings-table.ts";

test("the documented settings are those of the code (else: node tools/settings-table.ts)", () => {
  assert.equal(readDocument(), withTable(readDocument()));
});
