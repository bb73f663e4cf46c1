import { deletePolicyVersion } from "../../../iam/managed-policies.ts";
import { operation } from "../call.ts";
import { policyArn, versionId } from "../members.ts";
import { onPolicy } from "../needs.ts";

export const DeletePolicyVersion = operation({
  name: "DeletePolicyVersion",
  input: { PolicyArn: policyArn, VersionId: versionId },
  needs: (input, call) => onPolicy(call, "DeletePolicyVersion", input.PolicyArn),
  handle: (input, { directory, account }) =>
    deletePolicyVersion(directory, account, input.PolicyArn, input.VersionId),
});
