import type { IamOperation } from "../call.ts";
import { putPolicyOf } from "../families.ts";

export const PutUserPolicy: IamOperation = putPolicyOf("User");
