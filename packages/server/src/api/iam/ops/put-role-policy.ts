import type { IamOperation } from "../call.ts";
import { putPolicyOf } from "../families.ts";

export const PutRolePolicy: IamOperation = putPolicyOf("Role");
