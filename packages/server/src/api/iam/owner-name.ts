/** Whose an access key is, as answers name it. */
import type { KeyOwner } from "../../iam/access-keys.ts";

export const ROOT_NAME = "root";
export const ownerName = (owner: KeyOwner): string => (owner.kind === "root" ? ROOT_NAME : owner.name);
