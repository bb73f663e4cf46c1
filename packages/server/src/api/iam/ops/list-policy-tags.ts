import { needPolicy } from "../../../iam/managed-policies.ts";
import { laterThan, pageOf } from "../../../iam/paging.ts";
import { tag } from "../../common/xml-write.ts";
import { operation } from "../call.ts";
import { paging, pagingOf, policyArn } from "../members.ts";
import { onPolicy } from "../needs.ts";
import { page } from "../show.ts";

export const ListPolicyTags = operation({
  name: "ListPolicyTags",
  input: { PolicyArn: policyArn, ...paging },
  needs: (input, call) => onPolicy(call, "ListPolicyTags", input.PolicyArn),
  handle: async (input, { directory, account, tokens }) => {
    const { policy } = await needPolicy(directory, account, input.PolicyArn);
    const keyOf = ({ key }: { readonly key: string }): string => key;
    const list = ["ListPolicyTags", account, input.PolicyArn];
    return pageOf(tokens, list, pagingOf(input), laterThan(policy.tags, keyOf), keyOf);
  },
  respond: (found) => page("Tags", found, ({ key, value }) => tag("Key", key) + tag("Value", value)),
});
