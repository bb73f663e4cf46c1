/** Files that hold keys and passphrases: read only where nobody else can read or change them. */
import { statSync } from "node:fs";
import { UsageError } from "./config.ts";

/** Of the group and of everyone: no access of any kind. */
const OTHERS = 0o077;
/**
 * The same for what root owns, whose group may read: that is how secrets are mounted for a process that is not root
 * (Kubernetes with fsGroup), and only root says who is in the group. What this process owns, as the key that it made itself,
 * is its own alone.
 */
const OTHERS_THAN_GROUP = 0o037;

/** `user`: who this process is; undefined where the system knows no such numbers. */
export const isReadableByOthers = (
  { uid, mode }: { readonly uid: number; readonly mode: number },
  user: number | undefined,
): boolean => (mode & (uid === 0 && user !== undefined && user !== 0 ? OTHERS_THAN_GROUP : OTHERS)) !== 0;

/** Throws UsageError. */
export function refuseIfReadableByOthers(path: string): void {
  const status = statSync(path);
  if (!isReadableByOthers(status, process.geteuid?.())) return;
  const mode = (status.mode & 0o777).toString(8).padStart(4, "0");
  throw new UsageError(
    `${path} is readable by group or others (mode ${mode}). Run: chmod 600 ${path} (of a mounted secret, set its mode to 0400; the group may read only what root owns, and only for a server that is not root)`,
  );
}
