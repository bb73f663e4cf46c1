/** The embedded home: LMDB for rows in `records/`, files for blobs in `blobs/`, both under one data directory. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { checkKey, checkKeys } from "../bounds.ts";
import type { Store, TableName, WriteState } from "../port.ts";
import { FileBlobs } from "./blobs.ts";
import { FailStop } from "./fail-stop.ts";
import { GroupCommit } from "./group-commit.ts";
import { groupsPage } from "./groups.ts";
import { SpaceWatch } from "./space.ts";
import { Tables } from "./tables.ts";

export interface LocalOptions {
  readonly directory: string;
  /**
   * Called once, when this process has become unfit to write: log it, answer what can be answered, and end it within a
   * second by `endUnfitProcess` (fail-stop.ts), never by `process.exit`. `close` is then of no use either.
   */
  readonly onFatal: (cause: Error) => void;
  /** Free space below which `writable` is full; by default by the disk's size (space.ts). */
  readonly reserveBytes?: number;
  readonly spaceCheckMs?: number;
}

/** The port, and what only this home can do. */
export interface LocalStore extends Store {
  readonly directory: string;
  /** A consistent copy of the rows alone, synced by the caller (backup.ts makes the whole). */
  copyRecords(directory: string): Promise<void>;
  /** How many rows a table has just now, without a walk. */
  rowCount(table: TableName): number;
  /** Free space where the store lies, as of the last look. */
  freeBytes(): number;
  /**
   * Resolves when no commit of this process runs any more; none begins until what it resolves with is called. For the
   * time in which another process opens the same directory (ADR 14).
   */
  hold(): Promise<() => void>;
  /**
   * Whether no other process has the directory open, so that rows change by commits of this one alone (ADR 14). At first it
   * is not.
   */
  setAlone(isAlone: boolean): void;
  /** Removes temporary blob files last written before `beforeMs`; returns how many. */
  removeLeftovers(beforeMs: number): Promise<number>;
}

export const recordsDirectory = (directory: string): string => join(directory, "records");
export const blobsDirectory = (directory: string): string => join(directory, "blobs");

export async function openLocalStore(options: LocalOptions): Promise<LocalStore> {
  const { directory } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const failStop = new FailStop(options.onFatal);
  const space = new SpaceWatch(directory, options.reserveBytes, options.spaceCheckMs ?? 1000);
  await space.check();
  const tables = new Tables(recordsDirectory(directory), false);
  const commits = new GroupCommit(tables, failStop);
  const blobs = new FileBlobs(blobsDirectory(directory), failStop, space);
  return {
    directory,
    blobs,
    get: (keys) => {
      checkKeys(keys);
      return tables.get(keys);
    },
    holds: (expect) => tables.holds(expect),
    use: (row, use) => {
      checkKey(row);
      return tables.use(row, use);
    },
    commit: (commit) => commits.commit(commit),
    scan: async (scan) => tables.scan(scan),
    groups: async (groups) => groupsPage(tables, groups),
    now: () => Promise.resolve(Date.now()),
    writable: () => writeState(failStop, space),
    rowCount: (table) => tables.rowCount(table),
    freeBytes: () => space.freeBytes,
    hold: () => commits.hold(),
    setAlone: (isAlone) => tables.setAlone(isAlone),
    copyRecords: (target) => tables.backup(target),
    removeLeftovers: (beforeMs) => blobs.removeLeftovers(beforeMs),
    close: async () => {
      space.close();
      await blobs.close();
      await commits.settled();
      await tables.close();
    },
  };
}

function writeState(failStop: FailStop, space: SpaceWatch): WriteState {
  if (failStop.failed) return { kind: "failed" };
  return space.full ? { kind: "full", freeBytes: space.freeBytes } : { kind: "ok" };
}
