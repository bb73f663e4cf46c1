/** Whether a caller may assume a role: the trust policy is the role's resource policy (spec access 3.2). */
import {
  type AccessRequest,
  allowBy,
  type Decision,
  gather,
  guarded,
  identityLacks,
  implicitDeny,
  limitLacks,
} from "./decision.ts";
import { REACH } from "./principal.ts";

/** `request.resource` is the role's ARN and `request.policies.resource` its trust policy. */
export function decideAssumeRole(request: AccessRequest): Decision {
  return guarded(() => {
    const facts = gather(request);
    if ("effect" in facts) return facts;
    const { principal } = request;
    const { resource, reach } = facts;
    if (resource === undefined) return implicitDeny("resource");
    switch (principal.kind) {
      case "root": // Root users can't assume roles.
      case "anonymous":
        return implicitDeny("resource");
      case "service":
      case "provider":
        return reach === REACH.self ? allowBy(resource) : implicitDeny("resource");
      case "user":
      case "role-session":
      case "federated": {
        // Only a trust policy of the same account that names the very caller needs no identity policy.
        const named = reach === REACH.self || reach === REACH.role;
        const sameAccount = principal.account === request.resourceAccount;
        const limits = reach === REACH.role ? limitLacks(facts) : undefined;
        const lacks = sameAccount && named ? limits : identityLacks(facts);
        return lacks === undefined ? allowBy(resource) : implicitDeny(lacks);
      }
    }
  });
}
