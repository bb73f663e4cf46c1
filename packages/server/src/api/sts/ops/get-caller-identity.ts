import { accountOf } from "../../../base/caller.ts";
import { fail } from "../../../base/errors.ts";
import { tag } from "../../common/xml-write.ts";
import { operation } from "../call.ts";

/** Needs no permission and cannot be denied. */
export const GetCallerIdentity = operation({
  name: "GetCallerIdentity",
  input: {},
  handle: (_, { caller: { principal } }) => {
    const account = accountOf(principal);
    if (account === undefined || !("arn" in principal)) return fail("MissingAuthenticationToken");
    return tag("UserId", principal.userId) + tag("Account", account) + tag("Arn", principal.arn);
  },
  respond: (shown) => shown,
});
