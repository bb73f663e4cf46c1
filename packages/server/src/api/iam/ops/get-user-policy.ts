import type { IamOperation } from "../call.ts";
import { getPolicyOf } from "../families.ts";

export const GetUserPolicy: IamOperation = getPolicyOf("User");
