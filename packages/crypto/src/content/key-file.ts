/** Who may read a file that holds keys: one rule for the server and for the command line of the client. */

/** Of the group and of everyone: no access of any kind. */
const OTHERS = 0o077;
/**
 * The same for what root owns, whose group may read: that is how secrets are mounted for a process that is not root
 * (Kubernetes with fsGroup), and only root says who is in the group. As libpq does. What a process owns is its own alone.
 */
const OTHERS_THAN_GROUP = 0o037;

/** `user`: who this process is; undefined where the system knows no such numbers. */
export function isOpenToOthers(
  { uid, mode }: { readonly uid: number; readonly mode: number },
  user: number | undefined,
): boolean {
  const mounted = uid === 0 && user !== undefined && user !== 0;
  return (mode & (mounted ? OTHERS_THAN_GROUP : OTHERS)) !== 0;
}
