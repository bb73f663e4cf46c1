/**
 * The black-box suites in full length: what `npm test` runs of them in short, and the long ones. `--bun` runs the server
 * on Bun. Further arguments are names of suites: `node tools/conformance.ts encryption`.
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const SUITES = join(ROOT, "packages/server/test/conformance");
const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith("-"));

const files = [SUITES, join(SUITES, "long")].flatMap((dir) =>
  readdirSync(dir)
    .filter((name) => name.endsWith(".test.ts"))
    .filter((name) => names.length === 0 || names.includes(name.replace(".test.ts", "")))
    .map((name) => join(dir, name)),
);
// Two servers at a time: the suites measure behaviour, not load.
const child = spawn(
  process.execPath,
  [
    "--test",
    "--test-concurrency=2",
    // As tools/test.ts: a test that waits for what never comes says so, and so does a file.
    "--test-timeout=300000",
    `--import=${join(import.meta.dirname, "test-watchdog.ts")}`,
    "--test-reporter=spec",
    ...files,
  ],
  {
    stdio: "inherit",
    env: {
      ...process.env,
      STRONGROOM_TEST_SLOW: "1",
      ...(args.includes("--bun") ? { STRONGROOM_TEST_RUNTIME: "bun" } : {}),
    },
  },
);
child.on("close", (code) => {
  process.exitCode = code ?? 1;
});
