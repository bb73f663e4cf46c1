import { getKeyPolicy, POLICY_NAME } from "../../../kms/key-policy.ts";
import { keyId, policyName } from "../members.ts";
import { operation } from "../operation.ts";

export const GetKeyPolicy = operation({
  name: "GetKeyPolicy",
  input: { KeyId: keyId, PolicyName: policyName },
  handle: (input, { kms, requester }) => getKeyPolicy(kms, requester, input.KeyId, input.PolicyName),
  respond: (text) => ({ Policy: text, PolicyName: POLICY_NAME }),
});
