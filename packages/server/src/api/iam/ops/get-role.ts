import { need } from "../../../iam/entities.ts";
import { wrap } from "../../common/xml-write.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { roleName } from "../members.ts";
import { onHolder } from "../needs.ts";
import { roleInFull, roleView } from "../show.ts";

export const GetRole = operation({
  name: "GetRole",
  input: { RoleName: is.required(roleName) },
  needs: (input, call) => onHolder(call, "GetRole", "Role", input.RoleName),
  handle: async (input, call) =>
    roleView(call, await need(call.directory, call.account, "Role", input.RoleName)),
  // When a role was last used is not kept; the element is there, empty, as for a role that never was.
  respond: (shown, _, { account }) => wrap("Role", roleInFull(account, shown) + wrap("RoleLastUsed", "")),
});
