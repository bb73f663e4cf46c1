import type { IamOperation } from "../call.ts";
import { deleteBoundaryOf } from "../families.ts";

export const DeleteUserPermissionsBoundary: IamOperation = deleteBoundaryOf("User");
