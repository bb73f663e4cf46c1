import { createAccessKey } from "../../../iam/access-keys.ts";
import { tag, wrap } from "../../common/xml-write.ts";
import { time } from "../../query/document.ts";
import { operation } from "../call.ts";
import { existingUserName } from "../members.ts";
import { onOwner, ownerOf } from "../needs.ts";
import { ownerName } from "../owner-name.ts";

/** The only answer that ever holds the secret. */
export const CreateAccessKey = operation({
  name: "CreateAccessKey",
  input: { UserName: existingUserName },
  needs: (input, call) => onOwner(call, "CreateAccessKey", ownerOf(call, input.UserName)),
  handle: async (input, call) => {
    const owner = ownerOf(call, input.UserName);
    return { made: await createAccessKey(call.directory, call.account, owner), owner };
  },
  respond: ({ made, owner }) =>
    wrap(
      "AccessKey",
      tag("UserName", ownerName(owner)) +
        tag("AccessKeyId", made.accessKeyId) +
        tag("Status", "Active") +
        tag("SecretAccessKey", made.secretAccessKey) +
        tag("CreateDate", time(made.createdMs)),
    ),
});
