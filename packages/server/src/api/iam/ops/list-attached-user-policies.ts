import type { IamOperation } from "../call.ts";
import { listAttachedPoliciesOf } from "../families.ts";

export const ListAttachedUserPolicies: IamOperation = listAttachedPoliciesOf("User");
