/** Files with keys in them: read only where nobody else can read or change them. */
import { readFileSync, statSync } from "node:fs";

/** Of the group and of everyone: no access of any kind. */
const OTHERS = 0o077;
/**
 * The same for what root owns, whose group may read: that is how secrets are mounted for a process that is not root
 * (Kubernetes with fsGroup), and only root says who is in the group. As libpq does.
 */
const OTHERS_THAN_GROUP = 0o037;

export const isOpenToOthers = ({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean =>
  (mode & (uid === 0 ? OTHERS_THAN_GROUP : OTHERS)) !== 0;

export function readSecret(path: string): Buffer {
  if (isOpenToOthers(statSync(path)))
    throw new Error(
      `${path} is open to others; chmod 600 it (of a mounted secret, defaultMode 0400; the group may read only what root owns)`,
    );
  return readFileSync(path);
}
