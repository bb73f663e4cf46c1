import type { IamOperation } from "../call.ts";
import { emptyListOf } from "../families.ts";

/** There are no signing certificates here; tools ask before they delete a user. */
export const ListSigningCertificates: IamOperation = emptyListOf("ListSigningCertificates", "Certificates");
