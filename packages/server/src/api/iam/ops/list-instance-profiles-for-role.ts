import { need } from "../../../iam/entities.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { paging, roleName } from "../members.ts";
import { onHolder } from "../needs.ts";
import { page } from "../show.ts";

/** There are no instances here, and so no profiles; tools ask before they delete a role. */
export const ListInstanceProfilesForRole = operation({
  name: "ListInstanceProfilesForRole",
  input: { RoleName: is.required(roleName), ...paging },
  needs: (input, call) => onHolder(call, "ListInstanceProfilesForRole", "Role", input.RoleName),
  handle: async (input, { directory, account }) => {
    await need(directory, account, "Role", input.RoleName);
  },
  respond: () => page("InstanceProfiles", { items: [], marker: undefined }, () => ""),
});
