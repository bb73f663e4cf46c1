/** The audit trail of a process, opened on a data directory. Its stream begins with its first record. */
import { TrailSigner } from "@strongroom/crypto";
import { isoSeconds, SYSTEM } from "../audit/event.ts";
import { TrailFiles } from "../audit/files.ts";
import { Ledger } from "../audit/ledger.ts";
import { type Pruned, pruneTrail } from "../audit/prune.ts";
import { TrailReader } from "../audit/reader.ts";
import { Recorder } from "../audit/recorder.ts";
import type { SeedOf } from "../audit/segment-reader.ts";
import { Trail } from "../audit/trail.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Keyring } from "../store/keyring.ts";
import { ListChanges } from "../store/list-changes.ts";
import type { Records } from "../store/records.ts";
import type { Engine } from "./engine.ts";
import { HeldLease } from "./jobs/held-lease.ts";

export interface AuditParts {
  readonly files: TrailFiles;
  readonly ledger: Ledger;
  readonly seedOf: SeedOf;
  readonly publicKeyOf: (term: number) => Uint8Array | undefined;
  readonly trail: Trail;
  /** Absent where `--audit off` says that nothing is recorded. */
  readonly recorder: Recorder | undefined;
}

export function openAudit(parts: {
  readonly directory: string;
  readonly records: Records;
  readonly keyring: () => Keyring;
  readonly clock: Clock;
  readonly log: Log;
  readonly region: string;
  readonly on: boolean;
  readonly onFatal: (cause: Error) => void;
}): AuditParts {
  const { directory, records, keyring, clock, log, region, on, onFatal } = parts;
  const { storeId } = keyring();
  const { term, key } = keyring().current("audit");
  const files = new TrailFiles(directory);
  const lists = on ? new ListChanges(records) : undefined;
  records.listWatcher = lists;
  const ledger = new Ledger(records, { signer: new TrailSigner(key), term, storeId }, lists);
  const trail = new Trail({ files, ledger, key: { term, seed: key, storeId }, clock, log, onFatal });
  const seedOf: SeedOf = (wanted) => keyring().byTerm("audit", wanted);
  return {
    files,
    ledger,
    seedOf,
    publicKeyOf: (wanted) => {
      const seed = seedOf(wanted);
      return seed === undefined ? undefined : new TrailSigner(seed).publicKey;
    },
    trail,
    recorder: on ? new Recorder({ trail, region, clock, hashKey: key }) : undefined,
  };
}

/** Whoever removes old records holds it, and a backup, whose copied rows must not name what is gone. */
export const AUDIT_PRUNE_LEASE = "audit-prune";

type PruneEngine = Pick<Engine, "audit" | "clock" | "settings" | "records">;

/**
 * Removes what is older, each stream's part on record before it goes. `by`: what asked for it. Throws UsageError while
 * another prunes, or a backup runs.
 */
export async function pruneAudit(
  engine: PruneEngine,
  beforeMs: number,
  by: "command" | "retention",
  dryRun: boolean,
): Promise<Pruned> {
  if (dryRun) return pruneHeld(engine, beforeMs, by);
  const lease = await HeldLease.take(
    engine.records,
    AUDIT_PRUNE_LEASE,
    0,
    "audit prune: a backup is being made, or old records are being removed already; try again later",
  );
  try {
    return await pruneHeld(engine, beforeMs, by, lease);
  } finally {
    await lease.release();
  }
}

/** Without a lease it only looks. */
function pruneHeld(
  { audit, clock, settings }: PruneEngine,
  beforeMs: number,
  by: "command" | "retention",
  lease?: HeldLease,
): Promise<Pruned> {
  const { files, seedOf, ledger, trail, recorder } = audit;
  return pruneTrail({
    files,
    seedOf,
    ledger,
    reader: new TrailReader(files, seedOf),
    beforeMs,
    nowMs: clock.now(),
    record: async ({ firstMs, lastMs, ...pruning }) => {
      lease?.requireHeld();
      if (recorder === undefined) return;
      const details = { by, ...pruning, first: isoSeconds(firstMs), last: isoSeconds(lastMs) };
      await trail.durable(recorder.service("SegmentPruned", SYSTEM, settings.account, details, []));
    },
    dryRun: lease === undefined,
  });
}
