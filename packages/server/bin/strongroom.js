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
// A source that imports another says where it lies. Node would look for links and for the package of each of some 600
// files, which takes as long as loading them.
if (typeof module.registerHooks === "function") {
  const sources = new URL("../../", import.meta.url).href;
  module.registerHooks({
    resolve: (specifier, context, next) =>
      specifier.startsWith(".") && specifier.endsWith(".ts") && context.parentURL?.startsWith(sources)
        ? {
            url: new URL(specifier, context.parentURL).href,
            format: "module-typescript",
            shortCircuit: true,
          }
        : next(specifier, context),
  });
}
await import("../src/app/main.ts");
