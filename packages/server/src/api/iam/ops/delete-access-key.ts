import { deleteAccessKey } from "../../../iam/access-keys.ts";
import { operation } from "../call.ts";
import { accessKeyId, existingUserName } from "../members.ts";
import { onOwner, ownerOf } from "../needs.ts";

export const DeleteAccessKey = operation({
  name: "DeleteAccessKey",
  input: { UserName: existingUserName, AccessKeyId: accessKeyId },
  needs: (input, call) => onOwner(call, "DeleteAccessKey", ownerOf(call, input.UserName)),
  handle: (input, call) =>
    deleteAccessKey(call.directory, call.account, ownerOf(call, input.UserName), input.AccessKeyId),
});
