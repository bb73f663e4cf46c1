import type { IamOperation } from "../call.ts";
import { putPolicyOf } from "../families.ts";

export const PutGroupPolicy: IamOperation = putPolicyOf("Group");
