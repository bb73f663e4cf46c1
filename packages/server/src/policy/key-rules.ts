/**
 * What PutKeyPolicy asks of a policy beyond the language. Only when it is put: one that was stored before keeps its meaning.
 */
import { type PolicyFailure, policyFailure } from "./failure.ts";
import type { Policy } from "./policy.ts";

/** Keys with one value at most: under ForAllValues a request without the key would satisfy the condition. */
const SINGLE_VALUED = ["kms:encryptioncontext:", "aws:requesttag/"];

export function keyPolicyFailure(policy: Policy): PolicyFailure | undefined {
  for (const { conditions } of policy.statements) {
    for (const condition of conditions) {
      if (condition.type === "null" || condition.qualifier !== "all") continue;
      if (SINGLE_VALUED.some((prefix) => condition.key.startsWith(prefix)))
        return policyFailure("key", "condition-set", condition.key);
    }
  }
  return undefined;
}
