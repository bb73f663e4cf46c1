import { deleteGroup } from "../../../iam/groups.ts";
import { operation } from "../call.ts";
import { holderName } from "../members.ts";
import { onHolder } from "../needs.ts";

export const DeleteGroup = operation({
  name: "DeleteGroup",
  input: { holder: holderName("Group") },
  needs: (input, call) => onHolder(call, "DeleteGroup", "Group", input.holder),
  handle: (input, { directory, account }) => deleteGroup(directory, account, input.holder),
});
