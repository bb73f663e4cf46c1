import { renameHolder } from "../../../iam/holders.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { existingUserName, newUserName, path } from "../members.ts";
import { onRenamed } from "../needs.ts";

export const UpdateUser = operation({
  name: "UpdateUser",
  input: { UserName: is.required(existingUserName), NewPath: path, NewUserName: newUserName },
  needs: (input, call) => onRenamed(call, "UpdateUser", "User", input.UserName, newPlace(input)),
  handle: (input, { directory, account }) =>
    renameHolder(directory, account, "User", input.UserName, newPlace(input)),
});

const newPlace = (input: {
  readonly NewUserName: string | undefined;
  readonly NewPath: string | undefined;
}) => ({
  name: input.NewUserName,
  path: input.NewPath,
});
