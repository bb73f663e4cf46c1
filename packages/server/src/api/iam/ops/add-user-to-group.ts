import { addToGroup } from "../../../iam/users.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { existingUserName, groupName } from "../members.ts";
import { onHolder } from "../needs.ts";

export const AddUserToGroup = operation({
  name: "AddUserToGroup",
  input: { GroupName: is.required(groupName), UserName: is.required(existingUserName) },
  needs: (input, call) => onHolder(call, "AddUserToGroup", "Group", input.GroupName),
  handle: (input, { directory, account }) => addToGroup(directory, account, input.GroupName, input.UserName),
});
