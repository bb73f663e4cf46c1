import type { IamOperation } from "../call.ts";
import { detachPolicyFrom } from "../families.ts";

export const DetachUserPolicy: IamOperation = detachPolicyFrom("User");
