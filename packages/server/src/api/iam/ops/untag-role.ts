import type { IamOperation } from "../call.ts";
import { untagOf } from "../families.ts";

export const UntagRole: IamOperation = untagOf("Role");
