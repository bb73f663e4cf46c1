/** Files with keys in them: read only where nobody else can read or change them. */
import { readFileSync, statSync } from "node:fs";

/** Of the group and of everyone: no access of any kind. */
const OTHERS = 0o077;
/**
 * The same for what root owns, whose group may read: that is how secrets are mounted for a process that is not root
 * (Kubernetes with fsGroup), and only root says who is in the group. As libpq does, and the server.
 */
const OTHERS_THAN_GROUP = 0o037;

/** `user`: who this process is; undefined where the system knows no such numbers. */
export const isOpenToOthers = (
  { uid, mode }: { readonly uid: number; readonly mode: number },
  user: number | undefined,
): boolean => (mode & (uid === 0 && user !== undefined && user !== 0 ? OTHERS_THAN_GROUP : OTHERS)) !== 0;

export function readSecret(path: string): Buffer {
  if (isOpenToOthers(statSync(path), process.geteuid?.()))
    throw new Error(
      `${path} is open to others; chmod 600 it (of a mounted secret, defaultMode 0400; the group may read only what root owns, and only for who is not root)`,
    );
  return readFileSync(path);
}
