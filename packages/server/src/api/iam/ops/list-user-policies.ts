import type { IamOperation } from "../call.ts";
import { listPoliciesOf } from "../families.ts";

export const ListUserPolicies: IamOperation = listPoliciesOf("User");
