import { deletePolicy } from "../../../iam/managed-policies.ts";
import { operation } from "../call.ts";
import { policyArn } from "../members.ts";
import { onPolicy } from "../needs.ts";

export const DeletePolicy = operation({
  name: "DeletePolicy",
  input: { PolicyArn: policyArn },
  needs: (input, call) => onPolicy(call, "DeletePolicy", input.PolicyArn),
  handle: (input, { directory, account }) => deletePolicy(directory, account, input.PolicyArn),
});
