import type { IamOperation } from "../call.ts";
import { untagOf } from "../families.ts";

export const UntagUser: IamOperation = untagOf("User");
