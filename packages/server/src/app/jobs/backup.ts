/** `strongroom backup DIR`: a consistent copy while the store serves. Restoring is starting on it with the root key. */
import { resolve } from "node:path";
import { COLLECTOR_LEASE } from "../../store/collector.ts";
import { acquireLease, newHolder, releaseLease } from "../../store/lease.ts";
import { backupLocal } from "../../store/local/backup.ts";
import { UsageError } from "../config.ts";
import { dataDir } from "../data-dir.ts";
import type { Engine } from "../engine.ts";
import type { Job, JobOutput } from "./index.ts";

/** Longer than any backup; the lease is given back when it ends. */
const LEASE_MS = 24 * 3_600_000;
const LEASE_TRIES = 60;

export const backup: Job = async (engine, { args, options }, output) => {
  const target = args[0];
  if (target === undefined) throw new UsageError("backup: name the directory to make the copy in");
  const copy = dataDir(resolve(target));
  const holder = newHolder();
  const lease = await holdCollector(engine, holder, output);
  try {
    const report = await backupLocal(engine.store, copy.store);
    if (options.has("json")) output.out(JSON.stringify({ directory: copy.path, ...report }));
    else {
      output.out(
        `copied to ${copy.path}: ${report.blobs} blobs, ${report.blobBytes} bytes, and every row opened and read again`,
      );
      output.out(
        `The copy does not hold the root key (${engine.keyrings.provider.name}). Without that key nobody reads it, nor do you.`,
      );
      output.out(`To restore: strongroom serve --data ${copy.path} --root-key file:WHERE-YOU-KEEP-THE-KEY`);
    }
    return 0;
  } finally {
    await releaseLease(engine.records, lease);
  }
};

/** The collector stands still meanwhile, so that no blob which the copied rows name goes away. */
async function holdCollector(engine: Engine, holder: ReturnType<typeof newHolder>, output: JobOutput) {
  for (let tries = 0; tries < LEASE_TRIES; tries++) {
    const lease = await acquireLease(engine.records, COLLECTOR_LEASE, holder, LEASE_MS);
    if (lease !== undefined) return lease;
    output.progress("waiting for the collector to pause …");
    await new Promise((done) => setTimeout(done, 1_000));
  }
  throw new UsageError("backup: another backup is running, or one ended badly within the last day");
}
