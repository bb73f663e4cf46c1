import { putKeyPolicy } from "../../../kms/key-policy.ts";
import { keyId, policy, policyName } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const PutKeyPolicy = operation({
  name: "PutKeyPolicy",
  input: {
    KeyId: keyId,
    PolicyName: policyName,
    Policy: is.required(policy),
    BypassPolicyLockoutSafetyCheck: is.flag,
  },
  handle: (input, { kms, requester }) =>
    putKeyPolicy(kms, requester, input.KeyId, input.Policy, {
      name: input.PolicyName,
      bypassLockoutCheck: input.BypassPolicyLockoutSafetyCheck,
    }),
});
