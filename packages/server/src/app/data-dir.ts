/** Names of what lies in a data directory. Docs: operations/data-directory. */
import { chmodSync, mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError } from "./config.ts";

export interface DataDir {
  readonly path: string;
  readonly rootKeyFile: string;
  readonly passphraseSaltFile: string;
  readonly socket: string;
  /** LMDB and blob files: sealed, safe to back up together. */
  readonly store: string;
  /** The audit trail's segment files: sealed too, and copied with the store. */
  readonly audit: string;
}

export function dataDir(path: string): DataDir {
  const at = resolve(path);
  return {
    path: at,
    rootKeyFile: join(at, "root.key"),
    passphraseSaltFile: join(at, "root.salt"),
    socket: join(at, "strongroom.sock"),
    store: join(at, "store"),
    audit: join(at, "audit"),
  };
}

/** Makes the directory (mode 0700) if it is not there. */
export function ensureDataDir(dir: DataDir): void {
  try {
    mkdirSync(dir.path, { recursive: true, mode: 0o700 });
    if (!statSync(dir.path).isDirectory()) throw new UsageError(`${dir.path} is not a directory`);
    mkdirSync(dir.store, { recursive: true, mode: 0o700 });
    chmodSync(dir.store, 0o700);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(
      `the data directory ${dir.path} can't be made or used: ${cause instanceof Error ? cause.message : "unknown"}`,
      { cause },
    );
  }
}
