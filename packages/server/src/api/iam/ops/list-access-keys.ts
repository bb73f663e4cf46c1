import { accessKeysOf } from "../../../iam/access-keys.ts";
import { laterThan, pageOf } from "../../../iam/paging.ts";
import { tag } from "../../common/xml-write.ts";
import { time } from "../../query/document.ts";
import { operation } from "../call.ts";
import { existingUserName, paging, pagingOf } from "../members.ts";
import { onOwner, ownerOf } from "../needs.ts";
import { ownerName } from "../owner-name.ts";
import { page } from "../show.ts";

export const ListAccessKeys = operation({
  name: "ListAccessKeys",
  input: { UserName: existingUserName, ...paging },
  needs: (input, call) => onOwner(call, "ListAccessKeys", ownerOf(call, input.UserName)),
  handle: async (input, call) => {
    const { account, tokens } = call;
    const name = ownerName(ownerOf(call, input.UserName));
    const keys = await accessKeysOf(call.directory, account, ownerOf(call, input.UserName));
    const nameOf = (key: (typeof keys)[number]): string => key.accessKeyId;
    const list = ["ListAccessKeys", account, name];
    return { name, found: await pageOf(tokens, list, pagingOf(input), laterThan(keys, nameOf), nameOf) };
  },
  respond: ({ name, found }) =>
    page(
      "AccessKeyMetadata",
      found,
      (key) =>
        tag("UserName", name) +
        tag("AccessKeyId", key.accessKeyId) +
        tag("Status", key.active ? "Active" : "Inactive") +
        tag("CreateDate", time(key.createdMs)),
    ),
});
