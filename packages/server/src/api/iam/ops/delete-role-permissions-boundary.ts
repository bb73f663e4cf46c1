import type { IamOperation } from "../call.ts";
import { deleteBoundaryOf } from "../families.ts";

export const DeleteRolePermissionsBoundary: IamOperation = deleteBoundaryOf("Role");
