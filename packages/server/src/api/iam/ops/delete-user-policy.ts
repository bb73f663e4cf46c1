import type { IamOperation } from "../call.ts";
import { deletePolicyOf } from "../families.ts";

export const DeleteUserPolicy: IamOperation = deletePolicyOf("User");
