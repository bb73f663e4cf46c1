/** The algorithm of spec access section 5: everything but KMS keys (`key-access.ts`) and role trust (`trust.ts`). */
import {
  type AccessRequest,
  allowBy,
  type Decision,
  type Facts,
  gather,
  guarded,
  identityLacks,
  implicitDeny,
  limitLacks,
  type PolicySet,
  ROOT,
} from "./decision.ts";
import { accountOf, type Principal, REACH } from "./principal.ts";

/** One action on one resource. */
export function decide(request: AccessRequest): Decision {
  return guarded(() => decideOrThrow(request));
}

/** An API call that needs several (action, resource) pairs needs all of them: the first refusal, or the last allow. */
export function decideAll(requests: readonly AccessRequest[]): Decision {
  let decision = implicitDeny("error");
  for (const request of requests) {
    decision = decide(request);
    if (decision.effect !== "allow") return decision;
  }
  return decision;
}

/** For a store without policies: whoever belongs to the owner's account. */
export function ownerOnly(principal: Principal, ownerAccount: string): Decision {
  return accountOf(principal) === ownerAccount
    ? allowBy({ source: "owner", policy: "", statement: undefined, sid: undefined })
    : implicitDeny("resource");
}

/** The owner's root can always repair a bucket policy that locks everybody out. */
const RESCUE = new Set(["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]);

function decideOrThrow(request: AccessRequest): Decision {
  const { principal } = request;
  const account = accountOf(principal);
  const owner = request.resourceAccount ?? account;
  const sameAccount = account !== undefined && account === owner;
  const rescue = sameAccount && principal.kind === "root" && RESCUE.has(request.action);
  const facts = gather(rescue ? { ...request, policies: withoutResource(request.policies) } : request);
  if ("effect" in facts) return facts;
  if (sameAccount) return principal.kind === "root" ? allowBy(ROOT) : sameAccountDecision(facts);
  if (request.restrictPublic === true && request.policies.resource?.isPublic === true) {
    if (principal.kind !== "service") return implicitDeny("public-access");
  }
  return fromOutside(facts, principal);
}

const withoutResource = (policies: PolicySet): PolicySet => ({ ...policies, resource: undefined });

function sameAccountDecision(facts: Facts): Decision {
  const lacks = identityLacks(facts);
  if (lacks === undefined && facts.identity !== undefined) return allowBy(facts.identity);
  const { resource, reach } = facts;
  if (resource !== undefined) {
    // Naming the caller itself, or everyone, is limited by nothing; naming its role, by boundary and session policy.
    if (reach >= REACH.everyone) return allowBy(resource);
    if (reach === REACH.role) {
      const limit = limitLacks(facts);
      return limit === undefined ? allowBy(resource) : implicitDeny(limit);
    }
  }
  return implicitDeny(lacks ?? "identity");
}

function fromOutside(facts: Facts, principal: Principal): Decision {
  const { resource, reach } = facts;
  if (resource === undefined) return implicitDeny("resource");
  switch (principal.kind) {
    case "anonymous":
    case "service":
    case "provider":
      return reach >= REACH.everyone ? allowBy(resource) : implicitDeny("resource");
    case "root":
      return allowBy(resource);
    case "user":
    case "role-session":
    case "federated": {
      const lacks = identityLacks(facts);
      return lacks === undefined ? allowBy(resource) : implicitDeny(lacks);
    }
  }
}
