import { setDefaultVersion } from "../../../iam/managed-policies.ts";
import { operation } from "../call.ts";
import { policyArn, versionId } from "../members.ts";
import { onPolicy } from "../needs.ts";

export const SetDefaultPolicyVersion = operation({
  name: "SetDefaultPolicyVersion",
  input: { PolicyArn: policyArn, VersionId: versionId },
  needs: (input, call) => onPolicy(call, "SetDefaultPolicyVersion", input.PolicyArn),
  handle: (input, { directory, account }) =>
    setDefaultVersion(directory, account, input.PolicyArn, input.VersionId),
});
