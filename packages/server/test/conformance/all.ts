/**
 * The suites in short, in one process and before one store: what `npm test` runs. Each file also stands alone, and
 * `npm run test:conformance` runs them in full length.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import "./checksums.test.ts";
import "./conditions.test.ts";
import "./copy.test.ts";
import "./delete-objects.test.ts";
import "./encryption.test.ts";
import "./hostile.test.ts";
import "./integrity.test.ts";
import "./listing.test.ts";
import "./post-form.test.ts";
import "./presigned.test.ts";
import "./races.test.ts";
import "./ranges.test.ts";
import "./settings.test.ts";
import "./tagging.test.ts";
import "./versioning.test.ts";

test("no suite is forgotten here", () => {
  const own = readFileSync(import.meta.filename, "utf8");
  const suites = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.ts"));
  assert.deepEqual(
    suites.filter((name) => !own.includes(`"./${name}"`)),
    [],
  );
});
