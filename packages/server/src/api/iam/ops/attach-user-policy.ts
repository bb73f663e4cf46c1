import type { IamOperation } from "../call.ts";
import { attachPolicyTo } from "../families.ts";

export const AttachUserPolicy: IamOperation = attachPolicyTo("User");
