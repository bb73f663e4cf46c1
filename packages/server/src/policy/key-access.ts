/**
 * KMS keys (spec access section 6): the key policy is the root of authority, and nothing is implied, not even for root or for
 * the key's creator. Actions without a key (CreateKey, ListKeys) and aliases are for `decide`: identity policies alone.
 */
import { KMS_ACTIONS } from "./actions.ts";
import {
  type AccessRequest,
  allowBy,
  type Decision,
  type Deciding,
  type Facts,
  gather,
  guarded,
  identityLacks,
  implicitDeny,
  limitLacks,
  type Missing,
} from "./decision.ts";
import { grantReach, type Grant } from "./grants.ts";
import type { Policy } from "./policy.ts";
import { accountOf, type Principal, REACH, type Reach } from "./principal.ts";

export interface KeyAccessRequest extends AccessRequest {
  /** Grants of this key; those for other principals and operations are passed over. */
  readonly grants: readonly Grant[];
}

/** `request.policies.resource` is the key policy, `request.resource` the key's ARN. */
export function decideKeyAccess(request: KeyAccessRequest): Decision {
  return guarded(() => {
    const facts = gather(request);
    if ("effect" in facts) return facts;
    const { principal } = request;
    const foreign = accountOf(principal) !== request.resourceAccount;
    const granted = byGrant(request, facts);
    if (foreign && KMS_ACTIONS.get(request.action)?.crossAccount !== true) return implicitDeny("resource");
    if (granted !== undefined) return allowBy(granted);
    const lacks = foreign ? lacksAcross(facts, principal) : lacksWithin(facts, principal);
    if (lacks !== undefined) return implicitDeny(lacks);
    return facts.resource === undefined ? implicitDeny("resource") : allowBy(facts.resource);
  });
}

/** What an Allow that names the caller this way still needs. */
function lacksFor(reach: Reach, facts: Facts, principal: Principal): Missing | undefined {
  if (reach === REACH.none) return "resource";
  if (reach >= REACH.everyone || principal.kind === "root") return undefined;
  return reach === REACH.role ? limitLacks(facts) : identityLacks(facts);
}

const lacksWithin = (facts: Facts, principal: Principal): Missing | undefined =>
  lacksFor(facts.reach, facts, principal);

function lacksAcross(facts: Facts, principal: Principal): Missing | undefined {
  if (facts.reach === REACH.none) return "resource";
  if (principal.kind === "anonymous" || principal.kind === "provider") return "resource";
  if (principal.kind === "root" || principal.kind === "service") return undefined;
  return identityLacks(facts);
}

/** A grant suffices alone, in any account. One to an account delegates, one to a role is limited, as a key policy would be. */
function byGrant(request: KeyAccessRequest, facts: Facts): Deciding | undefined {
  if (request.grants.length === 0) return undefined;
  const operation = request.action.slice("kms:".length);
  for (const grant of request.grants) {
    const reach = grantReach(grant, request.principal, operation, request.encryptionContext);
    if (reach === REACH.none || lacksFor(reach, facts, request.principal) !== undefined) continue;
    return { source: "grant", policy: grant.id, statement: undefined, sid: undefined };
  }
  return undefined;
}

/**
 * The lockout safety check (spec kms 9.2): whether the caller could still change the policy under the new one.
 * `request` is the caller's own request for `kms:PutKeyPolicy` on the key.
 */
export function keepsControl(newPolicy: Policy, request: KeyAccessRequest): boolean {
  const policies = { ...request.policies, resource: newPolicy };
  return decideKeyAccess({ ...request, action: "kms:PutKeyPolicy", policies }).effect === "allow";
}
