/** `strongroom backup DIR`: a consistent copy while the store serves. Restoring is starting on it with the root key. */
import { resolve } from "node:path";
import { COLLECTOR_LEASE } from "../../store/collector.ts";
import { backupLocal } from "../../store/local/backup.ts";
import { UsageError } from "../config.ts";
import { dataDir } from "../data-dir.ts";
import { HeldLease } from "./held-lease.ts";
import type { Job } from "./index.ts";

/** The collector stands still meanwhile; a running server's holds its lease for up to a minute after a round. */
const COLLECTOR_WAIT_MS = 90_000;

export const backup: Job = async (engine, { args, options }, output) => {
  const target = args[0];
  if (target === undefined) throw new UsageError("backup: name the directory to make the copy in");
  const copy = dataDir(resolve(target));
  const lease = await HeldLease.take(
    engine.records,
    COLLECTOR_LEASE,
    COLLECTOR_WAIT_MS,
    "backup: another backup is running on this store",
  );
  try {
    const report = await backupLocal(engine.store, copy.store);
    // Had the collector worked meanwhile, a blob that the copied rows name could be missing.
    lease.requireHeld();
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
    await lease.release();
  }
};
