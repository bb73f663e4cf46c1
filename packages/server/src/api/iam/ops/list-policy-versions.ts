import { needPolicy, versionsOf } from "../../../iam/managed-policies.ts";
import { laterThan, pageOf } from "../../../iam/paging.ts";
import { operation } from "../call.ts";
import { paging, pagingOf, policyArn } from "../members.ts";
import { onPolicy } from "../needs.ts";
import { page, version } from "../show.ts";

export const ListPolicyVersions = operation({
  name: "ListPolicyVersions",
  input: { PolicyArn: policyArn, ...paging },
  needs: (input, call) => onPolicy(call, "ListPolicyVersions", input.PolicyArn),
  handle: async (input, { directory, account, tokens }) => {
    const { policy } = await needPolicy(directory, account, input.PolicyArn);
    // Newest first: names that sort the other way round.
    const nameOf = ({ id }: { readonly id: string }): string =>
      String(1e9 - Number(id.slice(1))).padStart(10, "0");
    const list = ["ListPolicyVersions", account, input.PolicyArn];
    return pageOf(tokens, list, pagingOf(input), laterThan(versionsOf(policy), nameOf), nameOf);
  },
  respond: (found) => page("Versions", found, (of) => version(of)),
});
