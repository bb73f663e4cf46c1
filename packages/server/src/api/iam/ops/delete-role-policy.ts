import type { IamOperation } from "../call.ts";
import { deletePolicyOf } from "../families.ts";

export const DeleteRolePolicy: IamOperation = deletePolicyOf("Role");
