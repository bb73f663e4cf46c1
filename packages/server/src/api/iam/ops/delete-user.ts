import { deleteUser } from "../../../iam/users.ts";
import { operation } from "../call.ts";
import { holderName } from "../members.ts";
import { onHolder } from "../needs.ts";

export const DeleteUser = operation({
  name: "DeleteUser",
  input: { holder: holderName("User") },
  needs: (input, call) => onHolder(call, "DeleteUser", "User", input.holder),
  handle: (input, { directory, account }) => deleteUser(directory, account, input.holder),
});
