/** The `strongroom` command with sealing replaced by identity. For the bench alone; see node-crypto.ts. */
import { readFileSync } from "node:fs";
import * as nodeModule from "node:module";

const STAND_IN = new URL("node-crypto.ts", import.meta.url);
const IN_CRYPTO = /packages\/crypto\/src\/[^/]+\.ts$/;

interface BunPlugins {
  plugin(plugin: {
    readonly name: string;
    setup(build: {
      onLoad(
        filter: { readonly filter: RegExp },
        load: (args: { readonly path: string }) => { readonly contents: string; readonly loader: "ts" },
      ): void;
    }): void;
  }): void;
}

if ("Bun" in globalThis) {
  (globalThis as unknown as { readonly Bun: BunPlugins }).Bun.plugin({
    name: "identity",
    setup(build) {
      build.onLoad({ filter: IN_CRYPTO }, ({ path }) => ({
        contents: readFileSync(path, "utf8").replaceAll('from "node:crypto"', `from "${STAND_IN.pathname}"`),
        loader: "ts",
      }));
    },
  });
} else {
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      const inside = specifier === "node:crypto" && IN_CRYPTO.test(context.parentURL ?? "");
      return inside ? { url: STAND_IN.href, shortCircuit: true } : next(specifier, context);
    },
  });
}
const { runCli } = await import("../../../packages/server/src/app/cli.ts");
process.exitCode = await runCli(process.argv.slice(2), process.env, import.meta.filename);
