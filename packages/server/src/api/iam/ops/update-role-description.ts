import { updateRole } from "../../../iam/roles.ts";
import { wrap } from "../../common/xml-write.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { roleDescription, roleName } from "../members.ts";
import { onHolder } from "../needs.ts";
import { roleInFull, roleView } from "../show.ts";

export const UpdateRoleDescription = operation({
  name: "UpdateRoleDescription",
  input: { RoleName: is.required(roleName), Description: is.required(roleDescription) },
  needs: (input, call) => onHolder(call, "UpdateRoleDescription", "Role", input.RoleName),
  handle: async (input, call) => {
    const to = { description: input.Description };
    return roleView(call, await updateRole(call.directory, call.account, input.RoleName, to));
  },
  respond: (shown, _, { account }) => wrap("Role", roleInFull(account, shown)),
});
