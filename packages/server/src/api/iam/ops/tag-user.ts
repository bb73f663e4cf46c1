import type { IamOperation } from "../call.ts";
import { tagOf } from "../families.ts";

export const TagUser: IamOperation = tagOf("User");
