import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { OPERATIONS, UNSUPPORTED } from "./index.ts";

const text = readFileSync(join(import.meta.dirname, "../../../../../docs/operations/key-service.md"), "utf8");
const [supported = "", refused = ""] = text.split("## Refused by name");

/** Names in the tables' second column. */
const named = (part: string): readonly string[] =>
  part
    .split("\n")
    .flatMap((line) => (line.startsWith("| ") ? (line.split("|")[2]?.match(/\b[A-Z][a-z]\w+/g) ?? []) : []));

test("the documentation lists what the service supports and what it refuses by name", () => {
  for (const name of OPERATIONS.keys()) assert.ok(named(supported).includes(name), name);
  for (const name of UNSUPPORTED) assert.ok(named(refused).includes(name), name);
  for (const name of named(supported)) assert.ok(OPERATIONS.has(name), name);
});
