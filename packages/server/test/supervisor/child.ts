/**
 * A worker by its messages alone. The first is ready at once; the second ends (`failing`), takes its time (`slow`), or
 * serves once, ends, and is refused from then on (`refused`; it finds the file that the second argument names).
 */
import { existsSync, writeFileSync } from "node:fs";
import { readWorkerStart, WORKER_VARIABLE, type WorkerMessage } from "../../src/app/supervisor.ts";

/** Long enough for a signal to come first. */
const SLOW_MS = 500;

const tell = (message: WorkerMessage, then = (): void => {}): void => void process.send?.(message, then);

function ready(then?: () => void): void {
  process.on("SIGHUP", () => process.exit(7));
  tell({ kind: "ready", endpoints: { http: "127.0.0.1:1" } }, then);
}

function serveOnce(file: string): void {
  const end = (): void => process.exit(1);
  if (existsSync(file)) return tell({ kind: "refused", message: "the certificate is half a one" }, end);
  writeFileSync(file, "");
  ready(end);
}

const { index } = readWorkerStart(process.env[WORKER_VARIABLE]);
process.on("disconnect", () => process.exit(0));
if (index === 0) ready();
else if (process.argv[2] === "slow") setTimeout(ready, SLOW_MS);
else if (process.argv[2] === "refused") serveOnce(process.argv[3] ?? "");
else process.exit(1);
