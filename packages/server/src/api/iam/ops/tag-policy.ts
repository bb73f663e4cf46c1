import { tagPolicy } from "../../../iam/managed-policies.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { policyArn, tags, tagsOf } from "../members.ts";
import { onPolicy } from "../needs.ts";

export const TagPolicy = operation({
  name: "TagPolicy",
  input: { PolicyArn: policyArn, Tags: is.required(tags) },
  needs: (input, call) => onPolicy(call, "TagPolicy", input.PolicyArn, { tags: tagsOf(input.Tags) }),
  handle: (input, { directory, account }) =>
    tagPolicy(directory, account, input.PolicyArn, tagsOf(input.Tags)),
});
