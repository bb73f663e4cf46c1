/** Rules that no linter knows: layer order and banned calls. Grows with the code; each ban names its replacement. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

const LAYERS = ["base", "policy", "auth", "store", "audit", "iam", "kms", "objects", "api", "app"];
const ROOT = join(import.meta.dirname, "..");
const problems: string[] = [];

function* files(dir: string): Generator<string> {
  for (const name of readdirSync(dir)) {
    if (name === "node_modules" || name === "dist") continue;
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (path.endsWith(".ts")) yield path;
  }
}

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Paths (from the root, with /) where it is allowed. */
  readonly allowed: readonly RegExp[];
}
const TEST = /(\.test\.ts$|\/test\/|\/interop\/|^tools\/)/;
const BANS: readonly Ban[] = [
  {
    pattern: /process\.env/,
    instead: "app/config reads the environment; pass values",
    allowed: [TEST, /\/app\//, /packages\/client\/src\/cli/],
  },
  { pattern: /Math\.random/, instead: "randomBytes of node:crypto", allowed: [TEST] },
  {
    pattern: /\.pipe\(/,
    instead: "pipeline of node:stream/promises",
    allowed: [TEST, /app\/setting/],
  },
  {
    pattern: /exposeKeyBytes|\/expose"/,
    instead: "keep the SecretKey handle; the importers of exposeKeyBytes are a short list",
    allowed: [
      TEST,
      /^packages\/crypto\//,
      /^packages\/client\//,
      /server\/src\/kms\//,
      /server\/src\/app\/root-key/,
      /server\/src\/store\/keyring/,
    ],
  },
  {
    pattern: /new URL\(/,
    instead: "the raw request target: URL normalises `..` and `//`",
    allowed: [TEST, /\/app\//, /packages\/client\//],
  },
  {
    pattern: /node:crypto/,
    instead: "packages/crypto, the only place that touches a cipher",
    allowed: [
      TEST,
      /^packages\/crypto\//,
      /^packages\/client\//,
      /base\/(ids|random-text)\.ts$/,
      /server\/src\/auth\//,
      /server\/src\/objects\/checksum/,
      /server\/src\/app\//,
    ],
  },
];

for (const path of files(join(ROOT, "packages"))) {
  const name = relative(ROOT, path).split(sep).join("/");
  const text = readFileSync(path, "utf8");
  const layer = /^packages\/server\/src\/([a-z]+)\//.exec(name)?.[1];
  for (const match of text.matchAll(/from "(\.[^"]+)"/g)) {
    const target = relative(ROOT, join(path, "..", match[1] ?? ""))
      .split(sep)
      .join("/");
    const below = /^packages\/server\/src\/([a-z]+)\//.exec(target)?.[1];
    if (
      layer !== undefined &&
      below !== undefined &&
      !TEST.test(name) &&
      LAYERS.indexOf(below) > LAYERS.indexOf(layer)
    ) {
      problems.push(`${name}: ${layer} may not import ${below} (${match[1]})`);
    }
  }
  text.split("\n").forEach((line, i) => {
    if (/^\s*(\/\/|\*|\/\*)/.test(line)) return;
    for (const ban of BANS) {
      if (ban.pattern.test(line) && !ban.allowed.some((a) => a.test(name)))
        problems.push(`${name}:${i + 1}: banned ${ban.pattern.source}; instead: ${ban.instead}`);
    }
    if (/\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/.test(line))
      problems.push(`${name}:${i + 1}: a TODO carries an issue number or does not land`);
  });
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log("tidy: ok");
