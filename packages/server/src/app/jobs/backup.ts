/** `strongroom backup DIR`: a consistent copy while the store serves. Restoring is starting on it with the root key. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { copyTrail } from "../../audit/copy.ts";
import { TrailFiles } from "../../audit/files.ts";
import { COLLECTOR_LEASE } from "../../store/collector.ts";
import { type BackupReport, backupLocal } from "../../store/local/backup.ts";
import { codeOf, writeSynced } from "../../store/local/file.ts";
import { openLocalStore } from "../../store/local/open.ts";
import { Records } from "../../store/records.ts";
import { AUDIT_PRUNE_LEASE } from "../audit.ts";
import { reasonOf, UsageError } from "../config.ts";
import { type DataDir, dataDir } from "../data-dir.ts";
import type { Engine } from "../engine.ts";
import { HeldLease } from "./held-lease.ts";
import type { Job } from "./job.ts";

/** Collector and pruning stand still meanwhile; a running server's holds its lease for up to a minute after a round. */
const LEASE_WAIT_MS = 90_000;

export const backup: Job = async (engine, { args, options }, output) => {
  const target = args[0];
  if (target === undefined) throw new UsageError("backup: name the directory to make the copy in");
  const copy = dataDir(resolve(target));
  requireEmpty(copy.path);
  const generation = engine.keyrings.current().rootGeneration;
  const lease = await HeldLease.take(
    engine.records,
    COLLECTOR_LEASE,
    LEASE_WAIT_MS,
    "backup: another backup is running on this store, or was cut within the last minute; wait for its end, then run this again",
  );
  let pruning: HeldLease | undefined;
  try {
    pruning = await HeldLease.take(
      engine.records,
      AUDIT_PRUNE_LEASE,
      LEASE_WAIT_MS,
      "backup: the audit trail is being pruned; run it again when that is done",
    );
    const { provider } = engine.keyrings;
    const before = readAll(provider.publicFiles());
    const report = await backupLocal(engine.store, copy.store).catch((error: unknown) => {
      output.err(`backup: what lies in ${copy.path} now is no backup; remove it`);
      throw error;
    });
    // After the rows: what the copied checkpoints say of the trail must be in the copied files.
    await copyTrailOf(engine, copy);
    // Had the collector worked meanwhile, a blob that the copied rows name could be missing; or records of the trail.
    for (const held of [lease, pruning]) held.requireHeld();
    const { rootGeneration } = await engine.keyrings.refresh();
    const after = readAll(provider.publicFiles());
    if (rootGeneration !== generation || !sameFiles(before, after))
      throw new UsageError("backup: the root key was changed meanwhile; remove the copy and run it again");
    for (const [name, bytes] of after) writeSynced(join(copy.path, name), bytes);
    if (options.has("json")) output.out(JSON.stringify({ directory: copy.path, rootGeneration, ...report }));
    else for (const line of said(copy.path, report, provider.name, rootGeneration)) output.out(line);
    return 0;
  } finally {
    await pruning?.release();
    await lease.release();
  }
};

/** Nothing that lies there already may pass for a part of the copy, a root key least of all. */
function requireEmpty(path: string): void {
  let names: readonly string[];
  try {
    names = readdirSync(path);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return;
    throw new UsageError(`backup: ${path} can't be used: ${reasonOf(cause)}`, { cause });
  }
  if (names.length > 0)
    throw new UsageError(`backup: ${path} is not empty; name a new or an empty directory`);
}

function said(path: string, report: BackupReport, provider: string, generation: number): readonly string[] {
  const kind = provider.slice(0, provider.indexOf(":"));
  return [
    `copied to ${path}: ${report.blobs} blobs, ${report.blobBytes} bytes, and every row opened and read again`,
    `The copy does not hold the root key (${provider}, generation ${generation}). Without that key nobody reads it, nor do you.`,
    `To restore: strongroom serve --data ${path} --root-key ${kind}:WHERE-YOU-KEEP-IT`,
  ];
}

type Files = ReadonlyMap<string, Buffer>;

const readAll = (paths: readonly string[]): Files =>
  new Map(paths.map((path) => [basename(path), readFileSync(path)]));

const sameFiles = (a: Files, b: Files): boolean =>
  a.size === b.size && [...a].every(([name, bytes]) => b.get(name)?.equals(bytes) === true);

async function copyTrailOf({ audit, keyrings }: Engine, copy: DataDir): Promise<void> {
  const store = await openLocalStore({
    directory: copy.store,
    onFatal: (error) => {
      throw error;
    },
  });
  try {
    const records = new Records(store, keyrings.current(), { reloadKeyring: keyrings.refresh });
    await copyTrail(audit, audit.ledger.over(records), new TrailFiles(copy.audit));
  } finally {
    await store.close();
  }
}
