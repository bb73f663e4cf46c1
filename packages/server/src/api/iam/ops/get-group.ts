import { need } from "../../../iam/entities.ts";
import { laterThan, pageOf } from "../../../iam/paging.ts";
import { membersOf } from "../../../iam/users.ts";
import { wrap } from "../../common/xml-write.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { groupName, paging, pagingOf } from "../members.ts";
import { onHolder } from "../needs.ts";
import { group, page, user } from "../show.ts";

export const GetGroup = operation({
  name: "GetGroup",
  input: { GroupName: is.required(groupName), ...paging },
  needs: (input, call) => onHolder(call, "GetGroup", "Group", input.GroupName),
  handle: async (input, { directory, account, tokens }) => {
    const entity = await need(directory, account, "Group", input.GroupName);
    const members = await membersOf(directory, account, entity);
    const nameOf = (member: (typeof members)[number]): string => member.name.toLowerCase();
    const list = ["GetGroup", entity.id];
    return {
      entity,
      users: await pageOf(tokens, list, pagingOf(input), laterThan(members, nameOf), nameOf),
    };
  },
  respond: ({ entity, users }, _, { account }) =>
    wrap("Group", group(account, entity)) + page("Users", users, (member) => user(account, member)),
});
