/** Asks the authoriser, and says no in the sentences of spec access section 7. */
import type { AccessDecision, AccessRequest, KeyGrant } from "../base/access.ts";
import { fail } from "../base/errors.ts";
import type { AccountId, KeyArn } from "../base/ids.ts";
import { andThen, type Soon } from "../base/soon.ts";
import {
  constraintCondition,
  keyConditions,
  plainConditions,
  type RequestFacts,
  tagConditions,
} from "./conditions.ts";
import { type Kernel, principalNames, type Requester } from "./kernel.ts";
import { granteeName, retiringName } from "./grant-rows.ts";
import type { GrantRecord, KeyAttributes, KeyRecord, Tag } from "./model.ts";
import { bindingsOf, defaultPolicy } from "./policies.ts";
import type { HeldKey } from "./rows.ts";

export function deny(
  requester: Requester,
  action: string,
  resource: string,
  reason: string,
  cause?: unknown,
): never {
  const message = `User: ${requester.arn} is not authorized to perform: ${action} on resource: ${resource} ${reason}`;
  fail("AccessDeniedException", { message, cause });
}

export const noResourcePolicy = (action: string): string =>
  `because no resource-based policy allows the ${action} action`;

/** The id of the grant that allowed it, where one did. */
function require(k: Kernel, requester: Requester, request: AccessRequest): Soon<string | undefined> {
  return andThen(k.authoriser.decide(requester.caller, request), (decision) => {
    if (decision.kind !== "allow") deny(requester, request.action, request.resource, decision.reason);
    return decision.grantId;
  });
}

export const keyGrant = (grant: GrantRecord): KeyGrant => ({
  id: grant.id,
  grantee: granteeName(grant),
  operations: new Set(grant.operations),
  ...(grant.constraint !== undefined && { constraint: grant.constraint }),
});

/** The grants of a key that name the requester in one of its forms. */
export async function grantsOf(
  k: Kernel,
  requester: Requester,
  key: KeyRecord,
): Promise<readonly KeyGrant[]> {
  return (await k.grants.of(key, principalNames(requester.caller.principal))).map(keyGrant);
}

function keyRequest(
  k: Kernel,
  requester: Requester,
  action: string,
  held: HeldKey,
  facts: RequestFacts,
): AccessRequest {
  const key = held.value;
  return {
    action,
    resource: held.arn,
    resourceAccount: key.account,
    resourcePolicy: held.resourcePolicy,
    conditions: keyConditions(requester, k.region, key, facts),
    encryptionContext: facts.context,
  };
}

/** A use of a key: key policy, grants, identity side and conditions together. Returns the id of the grant that allowed it. */
export function requireKeyAccess(
  k: Kernel,
  requester: Requester,
  action: string,
  held: HeldKey,
  facts: RequestFacts,
): Soon<string | undefined> {
  const { grants } = held.value;
  const request = keyRequest(k, requester, action, held, facts);
  if (grants === undefined || grants.count === 0) return require(k, requester, request);
  return grantsOf(k, requester, held.value).then((mine) =>
    require(k, requester, { ...request, grants: mine }),
  );
}

/** Whether the action would be allowed with no grants but these; the id of the grant that allowed it, where one did. */
export async function allowedWith(
  k: Kernel,
  requester: Requester,
  action: string,
  held: HeldKey,
  facts: RequestFacts,
  grants: readonly KeyGrant[] = [],
): Promise<{ readonly grantId?: string } | undefined> {
  const request = { ...keyRequest(k, requester, action, held, facts), grants };
  const decision = await k.authoriser.decide(requester.caller, request);
  return decision.kind === "allow" ? decision : undefined;
}

/** An action on `*` or on an alias: the identity side alone decides. */
export async function requirePlainAccess(
  k: Kernel,
  requester: Requester,
  action: string,
  resource = "*",
  more: Parameters<typeof plainConditions>[2] = {},
): Promise<void> {
  await require(k, requester, {
    action,
    resource,
    resourceAccount: requester.account,
    conditions: plainConditions(requester, k.region, more),
  });
}

/**
 * The right to tag a key that is not there yet: on all keys of account and region at once, so that a right to tag some of them
 * is not enough (AWS). The sentence names no resource.
 */
export async function requireTagging(k: Kernel, requester: Requester, tags: readonly Tag[]): Promise<void> {
  if (tags.length === 0) return;
  const action = "kms:TagResource";
  const decision = await k.authoriser.decide(requester.caller, {
    action,
    resource: `arn:aws:kms:${k.region}:${requester.account}:key/*`,
    resourceAccount: requester.account,
    conditions: plainConditions(requester, k.region, tagConditions(tags)),
  });
  if (decision.kind !== "allow")
    fail(
      "AccessDeniedException",
      `User: ${requester.arn} is not authorized to perform: ${action} ${decision.reason}`,
    );
}

/**
 * Before NotFound is said of a key: whoever's own policies would not allow the action there learns nothing about what
 * exists (spec kms 1.6 step 5). Asked of the identity side alone, under a policy that delegates to the caller's account.
 */
export async function requireIdentityAccess(
  k: Kernel,
  requester: Requester,
  action: string,
  resource: string,
  account: AccountId,
): Promise<void> {
  await require(k, requester, delegated(k, requester, action, resource, account, requester.account));
}

/**
 * One answer for all keys and aliases of another account that do not let the caller in, and for those that are not there:
 * it follows from the name as given and from the caller's own policies, which are the caller's to write.
 */
export async function denyForeign(
  k: Kernel,
  requester: Requester,
  action: string,
  resource: string,
  account: AccountId,
  cause?: unknown,
): Promise<never> {
  await requireIdentityAccess(k, requester, action, resource, account);
  return deny(requester, action, resource, noResourcePolicy(action), cause);
}

/** An action on a key of `account` under a policy that says no more than that `to` lets whom it likes. */
function delegated(
  k: Kernel,
  requester: Requester,
  action: string,
  resource: string,
  account: AccountId,
  to: AccountId,
): AccessRequest {
  return {
    action,
    resource,
    resourceAccount: account,
    resourcePolicy: { text: defaultPolicy(to), revision: `default/${to}` },
    conditions: plainConditions(requester, k.region),
  };
}

const RETIRING = new Set(["RetireGrant"]);

/**
 * Whether the caller may retire the grant (spec kms 8): its retiring principal, its grantee where RetireGrant is among its
 * operations, root of the account that made it, and whom that account's own policies let. Each is decided as a grant of that
 * one right would be: an account that is named lets whom its policies let, and an explicit deny counts against everybody.
 * The key policy has no say. Conditions on the encryption context are decided on the grant's constraint.
 */
export async function mayRetire(
  k: Kernel,
  requester: Requester,
  grant: GrantRecord,
  held: HeldKey,
): Promise<AccessDecision> {
  const retiring = retiringName(grant);
  const grantee = grant.operations.includes("RetireGrant") ? granteeName(grant) : undefined;
  const grants = [retiring, grantee]
    .filter((name) => name !== undefined)
    .map((name) => ({ id: grant.id, grantee: name, operations: RETIRING }));
  const { constraint } = grant;
  return k.authoriser.decide(requester.caller, {
    ...delegated(k, requester, "kms:RetireGrant", held.arn, grant.account, grant.issuingAccount),
    grants,
    conditions: keyConditions(requester, k.region, held.value, { more: constraintCondition(constraint) }),
    encryptionContext: constraint?.pairs,
  });
}

/** Whether the caller could still change the policy under it (the lockout safety check, spec kms 9.2), by the same request. */
export async function requireNoLockout(
  k: Kernel,
  requester: Requester,
  key: KeyAttributes & Pick<KeyRecord, "policy" | "policyBindings">,
  arn: KeyArn,
  facts: RequestFacts,
): Promise<void> {
  const decision = await k.authoriser.decide(requester.caller, {
    action: "kms:PutKeyPolicy",
    resource: arn,
    resourceAccount: key.account,
    // Of this request only: no revision that a cache could meet again.
    resourcePolicy: {
      text: key.policy,
      revision: `proposed/${requester.caller.requestId}`,
      ...bindingsOf(key),
    },
    conditions: keyConditions(requester, k.region, key, facts),
  });
  if (decision.kind !== "allow")
    fail(
      "MalformedPolicyDocumentException",
      "The new key policy will not allow you to update the key policy in the future.",
    );
}
