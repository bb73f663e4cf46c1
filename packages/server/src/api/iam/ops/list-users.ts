import { filtered, pageOf } from "../../../iam/paging.ts";
import { operation } from "../call.ts";
import { paging, pagingOf, pathPrefix } from "../members.ts";
import { onKind } from "../needs.ts";
import { user, page } from "../show.ts";

export const ListUsers = operation({
  name: "ListUsers",
  input: { PathPrefix: pathPrefix, ...paging },
  needs: (_, call) => onKind(call, "ListUsers", "User"),
  handle: (input, { directory, account, tokens }) => {
    const { PathPrefix: prefix = "/" } = input;
    return pageOf(
      tokens,
      ["ListUsers", account, prefix],
      pagingOf(input),
      (after) => filtered(directory.all(account, "User", after), (entity) => entity.path.startsWith(prefix)),
      (entity) => entity.name,
    );
  },
  respond: (found, _, { account }) => page("Users", found, (entity) => user(account, entity)),
});
