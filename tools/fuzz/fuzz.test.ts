/** Every target holds for its own seeds and a few thousand mutations of them, always the same ones. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mutate, Random } from "./mutate.ts";
import type { FuzzTarget } from "./target.ts";

for (const file of readdirSync(import.meta.dirname)) {
  if (!file.endsWith(".ts") || /^(main|mutate|target|.*\.test)\.ts$/.test(file)) continue;
  test(`fuzz: ${file}`, async () => {
    const module: { readonly target: FuzzTarget } = await import(join(import.meta.dirname, file));
    const { target } = module;
    const random = new Random(1);
    for (const seed of target.seeds) await target.run(seed);
    for (let i = 0; i < 500; i++) await target.run(mutate(target.seeds, target.words ?? [], random));
  });
}
