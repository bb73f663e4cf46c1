import { renameHolder } from "../../../iam/holders.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { groupName, path } from "../members.ts";
import { onRenamed } from "../needs.ts";

export const UpdateGroup = operation({
  name: "UpdateGroup",
  input: { GroupName: is.required(groupName), NewPath: path, NewGroupName: groupName },
  needs: (input, call) => onRenamed(call, "UpdateGroup", "Group", input.GroupName, newPlace(input)),
  handle: (input, { directory, account }) =>
    renameHolder(directory, account, "Group", input.GroupName, newPlace(input)),
});

const newPlace = (input: {
  readonly NewGroupName: string | undefined;
  readonly NewPath: string | undefined;
}) => ({
  name: input.NewGroupName,
  path: input.NewPath,
});
