/**
 * Emits a published package as JavaScript and declarations into `packages/NAME/dist`, a folder that can be published as it
 * is: with its own package.json, whose paths point at the emitted files. In the workspace the sources run unbuilt, so
 * the package.json there points at those.
 * Use: node tools/build-package.ts client [OUT]
 */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

type Paths = string | { [condition: string]: Paths };

/** `./src/a.ts` becomes types and code beside each other; conditions stay. */
function emitted(paths: Paths): Paths {
  if (typeof paths !== "string")
    return Object.fromEntries(Object.entries(paths).map(([condition, value]) => [condition, emitted(value)]));
  if (!paths.startsWith("./src/")) return paths;
  const base = `./${paths.slice("./src/".length, -".ts".length)}`;
  return { types: `${base}.d.ts`, default: `${base}.js` };
}

export function buildPackage(name: string, out: string = join(ROOT, "packages", name, "dist")): void {
  const home = join(ROOT, "packages", name);
  const work = mkdtempSync(join(tmpdir(), "build-"));
  try {
    const config = {
      extends: join(ROOT, "tsconfig.json"),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        isolatedDeclarations: true,
        rootDir: join(ROOT, "packages"),
        outDir: join(work, "out"),
        typeRoots: [join(ROOT, "node_modules/@types")],
      },
      include: [join(home, "src/**/*.ts")],
      exclude: [join(home, "src/**/*.test.ts")],
    };
    writeFileSync(join(work, "tsconfig.json"), JSON.stringify(config));
    execFileSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", join(work, "tsconfig.json")], {
      stdio: "inherit",
    });
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    cpSync(join(work, "out", name, "src"), out, { recursive: true });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const { exports, imports, bin, scripts: _scripts, ...rest } = manifest;
  const published = {
    ...rest,
    exports: Object.fromEntries(Object.entries<Paths>(exports).map(([key, value]) => [key, emitted(value)])),
    ...(imports && {
      imports: Object.fromEntries(Object.entries<Paths>(imports).map(([k, v]) => [k, emitted(v)])),
    }),
    ...(bin && { bin }),
  };
  writeFileSync(join(out, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
  for (const file of Object.values<string>(bin ?? {})) {
    const text = readFileSync(join(home, file), "utf8").replace(/"\.\.\/src\/(.*?)\.ts"/g, '"../$1.js"');
    mkdirSync(join(out, "bin"), { recursive: true });
    writeFileSync(join(out, file), text, { mode: 0o755 });
  }
  if (existsSync(join(home, "README.md"))) copyFileSync(join(home, "README.md"), join(out, "README.md"));
  copyFileSync(join(ROOT, "LICENSE"), join(out, "LICENSE"));
}

if (import.meta.main) {
  const [name, out] = process.argv.slice(2);
  if (name === undefined) throw new Error("name a package");
  buildPackage(name, out);
}
