/**
 * `node tools/fuzz/main.ts [target|all] [seconds] [seed]`: runs the targets of this folder for that long each. A finding
 * is written to fuzz-<target>.bin in the temporary directory, with the command that repeats it, and the exit code is 1.
 * `node tools/fuzz/main.ts <target> --input FILE` runs one input.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mutate, Random } from "./mutate.ts";
import type { FuzzTarget } from "./target.ts";

const RUN_MS_MAX = 5000;

async function load(name: string): Promise<FuzzTarget | undefined> {
  const module: { readonly target?: FuzzTarget } = await import(join(import.meta.dirname, `${name}.ts`));
  return module.target;
}

const names = (): string[] =>
  readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => file.slice(0, -3))
    .filter((name) => !["main", "mutate", "target"].includes(name));

async function runOne(target: FuzzTarget, bytes: Uint8Array): Promise<void> {
  const result = target.run(bytes);
  if (result === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("broken: the target never returns")), RUN_MS_MAX);
  });
  try {
    await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function fuzz(name: string, target: FuzzTarget, seconds: number, seed: number): Promise<boolean> {
  const random = new Random(seed);
  const end = Date.now() + seconds * 1000;
  let runs = 0;
  let input: Uint8Array = new Uint8Array(0);
  try {
    for (input of target.seeds) await runOne(target, input);
    while (Date.now() < end) {
      input = mutate(target.seeds, target.words ?? [], random);
      const begin = performance.now();
      await runOne(target, input);
      if (performance.now() - begin > RUN_MS_MAX) throw new Error("broken: an input takes far too long");
      runs += 1;
    }
  } catch (error) {
    const file = join(tmpdir(), `fuzz-${name}.bin`);
    writeFileSync(file, input);
    console.error(`${name}: failed after ${runs} runs, seed ${seed}`, error);
    console.error(`again: node tools/fuzz/main.ts ${name} --input ${file}`);
    return false;
  }
  console.log(`${name}: ${runs} inputs, seed ${seed}, nothing found`);
  return true;
}

const [which = "all", second = "10", third] = process.argv.slice(2);
const chosen = which === "all" ? names() : [which];
let clean = true;
for (const name of chosen) {
  const target = await load(name);
  if (target === undefined) throw new Error(`no fuzz target ${name}; there are: ${names().join(", ")}`);
  if (second === "--input") await runOne(target, readFileSync(third ?? ""));
  else clean = (await fuzz(name, target, Number(second), Number(third ?? Date.now() & 0x7fffffff))) && clean;
}
process.exitCode = clean ? 0 : 1;
