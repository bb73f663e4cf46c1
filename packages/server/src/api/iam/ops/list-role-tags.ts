import type { IamOperation } from "../call.ts";
import { listTagsOf } from "../families.ts";

export const ListRoleTags: IamOperation = listTagsOf("Role");
