import { renameHolder } from "../../../iam/holders.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { existingUserName, newUserName, path } from "../members.ts";
import { onHolder } from "../needs.ts";

export const UpdateUser = operation({
  name: "UpdateUser",
  input: { UserName: is.required(existingUserName), NewPath: path, NewUserName: newUserName },
  needs: (input, call) => onHolder(call, "UpdateUser", "User", input.UserName),
  handle: (input, { directory, account }) =>
    renameHolder(directory, account, "User", input.UserName, {
      name: input.NewUserName,
      path: input.NewPath,
    }),
});
