/** A worker by its messages alone. The first is ready at once; the second ends (`failing`), or takes its time (`slow`). */
import { readWorkerStart, WORKER_VARIABLE, type WorkerMessage } from "../../src/app/supervisor.ts";

/** Long enough for a signal to come first. */
const SLOW_MS = 500;

function ready(): void {
  process.on("SIGHUP", () => process.exit(7));
  const message: WorkerMessage = {
    kind: "ready",
    endpoints: { http: "127.0.0.1:1" },
    rootKey: "present",
    rootKeyProvider: "none",
  };
  process.send?.(message);
}

const { index } = readWorkerStart(process.env[WORKER_VARIABLE]);
process.on("disconnect", () => process.exit(0));
if (index === 0) ready();
else if (process.argv[2] === "slow") setTimeout(ready, SLOW_MS);
else process.exit(1);
