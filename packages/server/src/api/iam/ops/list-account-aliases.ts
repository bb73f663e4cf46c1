import { accountAlias } from "../../../iam/aliases.ts";
import { operation } from "../call.ts";
import { paging } from "../members.ts";
import { onAccount } from "../needs.ts";
import { page } from "../show.ts";

/** An account has one alias at most. */
export const ListAccountAliases = operation({
  name: "ListAccountAliases",
  input: paging,
  needs: () => onAccount("ListAccountAliases"),
  handle: (_, { directory, account }) => accountAlias(directory, account),
  respond: (alias) =>
    page(
      "AccountAliases",
      { items: alias === undefined ? [] : [alias], marker: undefined },
      (shown) => shown,
    ),
});
