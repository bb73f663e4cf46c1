/**
 * Runs the tests: `npm test` all of them, `npm run test:quick` those beside the code, which start no server of their own
 * process. Arguments are files or patterns to run instead; what begins with a dash is handed to Node's runner.
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const QUICK = ["packages/*/src/**/*.test.ts", "packages/crypto/test/*.test.ts"];
const ALL = [
  ...QUICK,
  "packages/client/test/*.test.ts",
  "packages/server/test/*.test.ts",
  "packages/server/test/conformance/all.ts",
  "tools/**/*.test.ts",
];

/** No test takes a tenth of it; one that waits for what never comes says so. */
const TEST_MS = 300_000;

const args = process.argv.slice(2);
const isQuick = args.includes("--quick");
const chosen = args.filter((arg) => !arg.startsWith("-"));
const flags = args.filter((arg) => arg.startsWith("-") && arg !== "--quick");

/** One more than there are cores: tests that wait for a disk or a process leave theirs to another. */
const concurrency = availableParallelism() + 1;
const child = spawn(
  process.execPath,
  [
    "--test",
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${TEST_MS}`,
    // Bounds a file, as the timeout bounds a test.
    `--import=${join(import.meta.dirname, "test-watchdog.ts")}`,
    "--test-reporter=spec",
    ...flags,
    ...(chosen.length > 0 ? chosen : isQuick ? QUICK : ALL),
  ],
  {
    cwd: ROOT,
    stdio: "inherit",
    // Each file is a process of its own; most of its time would go into compiling the same modules once more.
    env: { NODE_COMPILE_CACHE: join(ROOT, "node_modules/.cache/tests"), ...process.env },
  },
);
child.on("close", (code) => {
  process.exitCode = code ?? 1;
});
