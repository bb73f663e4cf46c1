import { filtered, pageOf } from "../../../iam/paging.ts";
import { operation } from "../call.ts";
import { paging, pagingOf, pathPrefix } from "../members.ts";
import { onKind } from "../needs.ts";
import { page, role, roleView } from "../show.ts";

export const ListRoles = operation({
  name: "ListRoles",
  input: { PathPrefix: pathPrefix, ...paging },
  needs: (_, call) => onKind(call, "ListRoles", "Role"),
  handle: async (input, call) => {
    const { directory, account, tokens } = call;
    const { PathPrefix: prefix = "/" } = input;
    const { items, marker } = await pageOf(
      tokens,
      ["ListRoles", account, prefix],
      pagingOf(input),
      (after) => filtered(directory.all(account, "Role", after), (entity) => entity.path.startsWith(prefix)),
      (entity) => entity.name,
    );
    return { items: await Promise.all(items.map((entity) => roleView(call, entity))), marker };
  },
  respond: (found, _, { account }) => page("Roles", found, (shown) => role(account, shown)),
});
