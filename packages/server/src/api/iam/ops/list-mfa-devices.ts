import type { IamOperation } from "../call.ts";
import { emptyListOf } from "../families.ts";

/** There are no multi-factor devices here; tools ask before they delete a user. */
export const ListMFADevices: IamOperation = emptyListOf("ListMFADevices", "MFADevices");
