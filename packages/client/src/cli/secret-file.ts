/** Files with keys in them: read only where nobody else can read or change them. */
import { readFileSync, statSync } from "node:fs";
import { isOpenToOthers } from "@strongroom/crypto/common";

export function readSecret(path: string): Buffer {
  if (isOpenToOthers(statSync(path), process.geteuid?.()))
    throw new Error(
      `${path} is open to others; chmod 600 it (of a mounted secret, defaultMode 0400; the group may read only what root owns, and only for who is not root)`,
    );
  return readFileSync(path);
}
