/** Files that hold keys and passphrases: read only where nobody else can read or change them. */
import { statSync } from "node:fs";
import { isOpenToOthers } from "@strongroom/crypto/common";
import { UsageError } from "./config.ts";

/** Throws UsageError. */
export function refuseIfReadableByOthers(path: string): void {
  const status = statSync(path);
  if (!isOpenToOthers(status, process.geteuid?.())) return;
  const mode = (status.mode & 0o777).toString(8).padStart(4, "0");
  throw new UsageError(
    `${path} is readable by group or others (mode ${mode}). Run: chmod 600 ${path} (of a mounted secret, set its mode to 0400; the group may read only what root owns, and only for a server that is not root)`,
  );
}
