import { deleteRole } from "../../../iam/roles.ts";
import { operation } from "../call.ts";
import { holderName } from "../members.ts";
import { onHolder } from "../needs.ts";

export const DeleteRole = operation({
  name: "DeleteRole",
  input: { holder: holderName("Role") },
  needs: (input, call) => onHolder(call, "DeleteRole", "Role", input.holder),
  handle: (input, { directory, account }) => deleteRole(directory, account, input.holder),
});
