import type { IamOperation } from "../call.ts";
import { getPolicyOf } from "../families.ts";

export const GetGroupPolicy: IamOperation = getPolicyOf("Group");
