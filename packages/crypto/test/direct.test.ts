/** Everything that is tested through node:crypto once more through direct calls: vectors, streams, envelopes, records. */
import assert from "node:assert/strict";
import { callOpenSslDirectly } from "../src/index.ts";

assert.equal(callOpenSslDirectly(), undefined, "the pinned Node lets OpenSSL be called directly");
for (const name of ["envelope", "imported-key", "record", "small-opener", "stream", "writer-scratch"])
  await import(`../src/${name}.test.ts`);
await import("./vectors.test.ts");
await import("./independent.test.ts");
