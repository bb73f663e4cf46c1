import type { IamOperation } from "../call.ts";
import { emptyListOf } from "../families.ts";

/** There are no SSH keys here; tools ask before they delete a user. */
export const ListSSHPublicKeys: IamOperation = emptyListOf("ListSSHPublicKeys", "SSHPublicKeys");
