import { updateRole } from "../../../iam/roles.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { roleDescription, roleName, sessionSeconds } from "../members.ts";
import { onHolder } from "../needs.ts";

export const UpdateRole = operation({
  name: "UpdateRole",
  input: {
    RoleName: is.required(roleName),
    Description: roleDescription,
    MaxSessionDuration: sessionSeconds,
  },
  needs: (input, call) => onHolder(call, "UpdateRole", "Role", input.RoleName),
  handle: (input, { directory, account }) =>
    updateRole(directory, account, input.RoleName, {
      description: input.Description,
      maxSessionSeconds: input.MaxSessionDuration,
    }),
  respond: () => "",
});
