import { QUERY_LIST_ENTRIES_MAX } from "../../../base/limits.ts";
import { pageOf } from "../../../iam/paging.ts";
import { list } from "../../query/document.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { DETAIL_KINDS, detailsOf, type Detail } from "../details.ts";
import { paging, pagingOf } from "../members.ts";
import { onAccount } from "../needs.ts";
import { pageEnd } from "../show.ts";

export const GetAccountAuthorizationDetails = operation({
  name: "GetAccountAuthorizationDetails",
  input: {
    Filter: is.list(
      is.oneOf(["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]),
      QUERY_LIST_ENTRIES_MAX,
    ),
    ...paging,
  },
  needs: () => onAccount("GetAccountAuthorizationDetails"),
  handle: (input, call) => {
    const kinds = new Set<string>(input.Filter ?? DETAIL_KINDS);
    return pageOf(
      call.tokens,
      ["GetAccountAuthorizationDetails", call.account, [...kinds].toSorted().join()],
      pagingOf(input),
      (after) => detailsOf(call, kinds, after),
      (detail) => detail.name,
    );
  },
  respond: ({ items, marker }) => {
    const of = (element: Detail["list"]): string =>
      list(
        element,
        items.filter((detail) => detail.list === element),
        (detail) => detail.xml,
      );
    return (
      of("UserDetailList") +
      of("GroupDetailList") +
      of("RoleDetailList") +
      of("Policies") +
      pageEnd({ marker })
    );
  },
});
