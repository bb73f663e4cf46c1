import type { IamOperation } from "../call.ts";
import { getPolicyOf } from "../families.ts";

export const GetRolePolicy: IamOperation = getPolicyOf("Role");
