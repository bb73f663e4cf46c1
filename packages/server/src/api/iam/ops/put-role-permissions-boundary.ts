import type { IamOperation } from "../call.ts";
import { putBoundaryOf } from "../families.ts";

export const PutRolePermissionsBoundary: IamOperation = putBoundaryOf("Role");
