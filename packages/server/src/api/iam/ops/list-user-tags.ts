import type { IamOperation } from "../call.ts";
import { listTagsOf } from "../families.ts";

export const ListUserTags: IamOperation = listTagsOf("User");
