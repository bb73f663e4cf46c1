import { filtered, pageOf } from "../../../iam/paging.ts";
import { operation } from "../call.ts";
import { paging, pagingOf, pathPrefix } from "../members.ts";
import { onKind } from "../needs.ts";
import { group, page } from "../show.ts";

export const ListGroups = operation({
  name: "ListGroups",
  input: { PathPrefix: pathPrefix, ...paging },
  needs: (_, call) => onKind(call, "ListGroups", "Group"),
  handle: (input, { directory, account, tokens }) => {
    const { PathPrefix: prefix = "/" } = input;
    return pageOf(
      tokens,
      ["ListGroups", account, prefix],
      pagingOf(input),
      (after) => filtered(directory.all(account, "Group", after), (entity) => entity.path.startsWith(prefix)),
      (entity) => entity.name,
    );
  },
  respond: (found, _, { account }) => page("Groups", found, (entity) => group(account, entity)),
});
