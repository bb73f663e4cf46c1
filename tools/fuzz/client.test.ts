import { test } from "node:test";
import fc from "fast-check";
import { targets } from "./client.ts";

for (const { name, seeds, run } of targets)
  test(`${name}: seeds and 2000 mutations of them find nothing`, async () => {
    for (const seed of seeds) await run(seed);
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("set", "insert", "drop", "cut")), {
      minLength: 1,
      maxLength: 4,
    });
    const property = fc.asyncProperty(fc.constantFrom(...seeds), edits, async (seed, list) => {
      let bytes = [...seed];
      for (const [at, value, kind] of list) {
        const i = at % (bytes.length + 1);
        if (kind === "set") bytes[i] = value;
        else if (kind === "insert") bytes.splice(i, 0, value);
        else if (kind === "drop") bytes.splice(i, 1);
        else bytes = bytes.slice(0, i);
      }
      await run(Uint8Array.from(bytes));
    });
    await fc.assert(property, { numRuns: 2000 });
  });
