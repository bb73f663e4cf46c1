import { createGroup } from "../../../iam/groups.ts";
import { wrap } from "../../common/xml-write.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { groupName, path } from "../members.ts";
import { onNew } from "../needs.ts";
import { group } from "../show.ts";

export const CreateGroup = operation({
  name: "CreateGroup",
  input: { Path: path, GroupName: is.required(groupName) },
  needs: (input, call) =>
    onNew(call, "CreateGroup", { kind: "Group", path: input.Path ?? "/", name: input.GroupName }),
  handle: (input, { directory, account }) =>
    createGroup(directory, account, { name: input.GroupName, path: input.Path ?? "/" }),
  respond: (made, _, { account }) => wrap("Group", group(account, made)),
});
