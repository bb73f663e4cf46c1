import { untagPolicy } from "../../../iam/managed-policies.ts";
import { operation } from "../call.ts";
import { policyArn, tagKeys } from "../members.ts";
import { onPolicy } from "../needs.ts";

export const UntagPolicy = operation({
  name: "UntagPolicy",
  input: { PolicyArn: policyArn, TagKeys: tagKeys },
  needs: (input, call) => onPolicy(call, "UntagPolicy", input.PolicyArn, { tagKeys: input.TagKeys }),
  handle: (input, { directory, account }) => untagPolicy(directory, account, input.PolicyArn, input.TagKeys),
});
