/** Files of root keys and their parameters, written so that neither a crash nor another command leaves half of one. */
import { randomBytes } from "node:crypto";
import { linkSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncDirectory, writeSynced } from "../store/local/file.ts";
import { UsageError } from "./config.ts";

/** What follows a file's own name while it is written; whoever still writes it does so for milliseconds. */
const TEMPORARY = /^(?:\.next)?\.[0-9a-f]{12}\.tmp$/;
const LEFTOVER_MS = 60_000;

/**
 * Durable before it returns: temporary name, sync, link, sync of the directory. Refuses to replace: a link, unlike a
 * rename, fails where another process was first.
 */
export function writeDurably(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    removeLeftovers(path);
    writeSynced(temporary, Buffer.from(text));
    linkSync(temporary, path);
  } catch (cause) {
    notMade(path, cause);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncDirectory(dirname(path));
}

function notMade(path: string, cause: unknown): never {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code !== "EEXIST")
    throw new UsageError(
      `${path} can't be made (${String(code)}): the key's directory must be there, one that this user may write to, with space left, on a file system with hard links (not FAT, nor most network shares)`,
      { cause },
    );
  throw new UsageError(
    `${path} exists already; it is never overwritten. Another command has just made it: wait for that one's end, then run this again.`,
    { cause },
  );
}

/**
 * A process that was killed between link and removal leaves a second name of the key that it made. It must not outlive the
 * key: whoever changes the root key takes the old one for gone.
 */
function removeLeftovers(path: string): void {
  const directory = dirname(path);
  const stem = basename(path).replace(/\.next$/, "");
  for (const name of readdirSync(directory)) {
    const rest = name.startsWith(stem) ? TEMPORARY.exec(name.slice(stem.length)) : null;
    const leftover = join(directory, name);
    if (rest === null || Date.now() - lastWrittenMs(leftover) < LEFTOVER_MS) continue;
    rmSync(leftover, { force: true });
  }
}

/** One that is gone was another process's, at work. */
const lastWrittenMs = (path: string): number =>
  statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;

/** Several processes may finish one change at the same time. */
export function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
