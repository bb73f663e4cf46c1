import type { IamOperation } from "../call.ts";
import { detachPolicyFrom } from "../families.ts";

export const DetachRolePolicy: IamOperation = detachPolicyFrom("Role");
