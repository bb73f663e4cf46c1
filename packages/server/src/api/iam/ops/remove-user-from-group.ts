import { removeFromGroup } from "../../../iam/users.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { existingUserName, groupName } from "../members.ts";
import { onHolder } from "../needs.ts";

export const RemoveUserFromGroup = operation({
  name: "RemoveUserFromGroup",
  input: { GroupName: is.required(groupName), UserName: is.required(existingUserName) },
  needs: (input, call) => onHolder(call, "RemoveUserFromGroup", "Group", input.GroupName),
  handle: (input, { directory, account }) =>
    removeFromGroup(directory, account, input.GroupName, input.UserName),
});
