import { updateAccessKey } from "../../../iam/access-keys.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { accessKeyId, existingUserName } from "../members.ts";
import { onOwner, ownerOf } from "../needs.ts";

export const UpdateAccessKey = operation({
  name: "UpdateAccessKey",
  input: {
    UserName: existingUserName,
    AccessKeyId: accessKeyId,
    Status: is.required(is.oneOf(["Active", "Inactive"])),
  },
  needs: (input, call) => onOwner(call, "UpdateAccessKey", ownerOf(call, input.UserName)),
  handle: (input, call) => {
    const owner = ownerOf(call, input.UserName);
    const active = input.Status === "Active";
    return updateAccessKey(call.directory, call.account, owner, input.AccessKeyId, active);
  },
});
