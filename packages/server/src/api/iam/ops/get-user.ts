import { fail } from "../../../base/errors.ts";
import { need } from "../../../iam/entities.ts";
import { tag, wrap } from "../../common/xml-write.ts";
import { time } from "../../query/document.ts";
import { operation } from "../call.ts";
import { existingUserName } from "../members.ts";
import { onOwner, ownerOf } from "../needs.ts";
import { userInFull } from "../show.ts";
import { accountCodec, accountRow, ACCOUNTS_PARENT } from "../../../iam/account-records.ts";

/** Without a name: the caller. Root is shown by its ARN and the account's number. */
export const GetUser = operation({
  name: "GetUser",
  input: { UserName: existingUserName },
  needs: (input, call) => onOwner(call, "GetUser", ownerOf(call, input.UserName)),
  handle: async (input, call) => {
    const { account, directory } = call;
    const owner = ownerOf(call, input.UserName);
    if (owner.kind === "user") return userInFull(account, await need(directory, account, "User", owner.name));
    const entry = await directory.counted.get(accountCodec, ACCOUNTS_PARENT, accountRow(account));
    if (entry === undefined) return fail("NoSuchEntity");
    return (
      tag("UserId", account) +
      tag("Arn", `arn:aws:iam::${account}:root`) +
      tag("CreateDate", time(entry.value.createdMs))
    );
  },
  respond: (shown) => wrap("User", shown),
});
