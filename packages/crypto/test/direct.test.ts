/** Everything that is tested through node:crypto once more through direct calls: vectors, streams, envelopes, records. */
import assert from "node:assert/strict";
import { callOpenSslDirectly } from "../src/index.ts";

// Elsewhere the same tests run through node:crypto again.
const expected = process.platform === "linux" && process.arch === "x64" ? undefined : "made for linux-x64";
assert.equal(callOpenSslDirectly(), expected, "the pinned Node lets OpenSSL be called directly");
for (const name of ["envelope", "imported-key", "record", "small-opener", "stream", "writer-scratch"])
  await import(`../src/${name}.test.ts`);
await import("./vectors.test.ts");
await import("./independent.test.ts");
