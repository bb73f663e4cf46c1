import type { IamOperation } from "../call.ts";
import { listAttachedPoliciesOf } from "../families.ts";

export const ListAttachedGroupPolicies: IamOperation = listAttachedPoliciesOf("Group");
