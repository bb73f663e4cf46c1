/** The package bundles for a browser: no node: module is reachable, and what the bundle weighs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const ENTRY = new URL("../src/index.ts", import.meta.url).pathname;
const GZIP_BYTES_MAX = 25_000;

async function bundle(platform: "browser" | "node", contents?: string) {
  return build({
    ...(contents === undefined
      ? { entryPoints: [ENTRY] }
      : { stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" } }),
    bundle: true,
    format: "esm",
    minify: true,
    platform,
    write: false,
    metafile: true,
    external: ["@aws-sdk/*"],
    logLevel: "silent",
  });
}

test("no node: import is reachable from the browser entry, and the bundle is small", async () => {
  const result = await bundle("browser");
  const imported = Object.values(result.metafile.inputs).flatMap((input) => input.imports.map((i) => i.path));
  assert.deepEqual(
    imported.filter((path) => path.startsWith("node:") || path.includes("platform/node")),
    [],
  );
  assert.ok(imported.some((path) => path.endsWith("platform/web.ts")));
  const text = result.outputFiles[0]?.text ?? "";
  for (const word of ["node:", "require(", "Buffer.", "process."]) assert.ok(!text.includes(word), word);
  const size = gzipSync(text).length;
  assert.ok(size < GZIP_BYTES_MAX, `${size} bytes gzipped`);
  console.log(`browser bundle without the SDK: ${text.length} bytes minified, ${size} gzipped`);
});

test("unused keyrings are shaken off", async () => {
  const some = await bundle("browser", `export { RawAesKeyring } from "${ENTRY}"`);
  const text = some.outputFiles[0]?.text ?? "";
  assert.ok(!text.includes("GenerateDataKey") && text.length < 12_000, `${text.length} bytes`);
});
