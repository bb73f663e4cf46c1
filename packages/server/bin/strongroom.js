#!/usr/bin/env node
// Compiled code is kept beside the sources, where only those may write who may change the sources themselves: later starts
// (of workers, too) then take half the time and 30 MiB less.
import module from "node:module";
import { join } from "node:path";

if (typeof module.enableCompileCache === "function") {
  const { directory } = module.enableCompileCache(
    join(import.meta.dirname, "../node_modules/.cache/strongroom"),
  );
  if (directory !== undefined)
    process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "../node_modules/.cache/strongroom");
}
await import("../src/app/main.ts");
