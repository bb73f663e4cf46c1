import type { IamOperation } from "../call.ts";
import { emptyListOf } from "../families.ts";

/** There are no service credentials here; tools ask before they delete a user. */
export const ListServiceSpecificCredentials: IamOperation = emptyListOf(
  "ListServiceSpecificCredentials",
  "ServiceSpecificCredentials",
);
