import { renameHolder } from "../../../iam/holders.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { groupName, path } from "../members.ts";
import { onHolder } from "../needs.ts";

export const UpdateGroup = operation({
  name: "UpdateGroup",
  input: { GroupName: is.required(groupName), NewPath: path, NewGroupName: groupName },
  needs: (input, call) => onHolder(call, "UpdateGroup", "Group", input.GroupName),
  handle: (input, { directory, account }) =>
    renameHolder(directory, account, "Group", input.GroupName, {
      name: input.NewGroupName,
      path: input.NewPath,
    }),
});
