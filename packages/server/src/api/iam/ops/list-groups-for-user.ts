import { need } from "../../../iam/entities.ts";
import { laterThan, pageOf } from "../../../iam/paging.ts";
import { groupsOf } from "../../../iam/users.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { existingUserName, paging, pagingOf } from "../members.ts";
import { onHolder } from "../needs.ts";
import { group, page } from "../show.ts";

export const ListGroupsForUser = operation({
  name: "ListGroupsForUser",
  input: { UserName: is.required(existingUserName), ...paging },
  needs: (input, call) => onHolder(call, "ListGroupsForUser", "User", input.UserName),
  handle: async (input, { directory, account, tokens }) => {
    const entity = await need(directory, account, "User", input.UserName);
    const groups = await groupsOf(directory, account, entity);
    const nameOf = (of: (typeof groups)[number]): string => of.name.toLowerCase();
    const list = ["ListGroupsForUser", entity.id];
    return pageOf(tokens, list, pagingOf(input), laterThan(groups, nameOf), nameOf);
  },
  respond: (found, _, { account }) => page("Groups", found, (of) => group(account, of)),
});
