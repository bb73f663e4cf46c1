import type { IamOperation } from "../call.ts";
import { listPoliciesOf } from "../families.ts";

export const ListRolePolicies: IamOperation = listPoliciesOf("Role");
