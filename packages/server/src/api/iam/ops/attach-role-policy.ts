import type { IamOperation } from "../call.ts";
import { attachPolicyTo } from "../families.ts";

export const AttachRolePolicy: IamOperation = attachPolicyTo("Role");
