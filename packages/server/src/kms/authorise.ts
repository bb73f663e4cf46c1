/** Asks the authoriser, and says no in the sentences of spec access section 7. */
import type { AccessDecision, AccessRequest } from "../base/access.ts";
import { fail } from "../base/errors.ts";
import type { AccountId, KeyArn } from "../base/ids.ts";
import { keyConditions, plainConditions, type RequestFacts } from "./conditions.ts";
import { arnOf, type Kernel, type Requester } from "./kernel.ts";
import type { KeyAttributes, KeyRecord } from "./model.ts";
import { defaultPolicy } from "./policies.ts";
import type { HeldKey } from "./rows.ts";

export function deny(requester: Requester, action: string, resource: string, reason: string): never {
  fail(
    "AccessDeniedException",
    `User: ${requester.arn} is not authorized to perform: ${action} on resource: ${resource} ${reason}`,
  );
}

export const noResourcePolicy = (action: string): string =>
  `because no resource-based policy allows the ${action} action`;

async function require(k: Kernel, requester: Requester, request: AccessRequest): Promise<void> {
  const asked = k.authoriser.decide(requester.caller, request);
  // Most decisions are made at once; an await would cost each of them a turn.
  const decision: AccessDecision = asked instanceof Promise ? await asked : asked;
  if (decision.kind !== "allow") deny(requester, request.action, request.resource, decision.reason);
}

/** A use of a key: key policy, identity side and conditions together. Throws AccessDeniedException. */
export async function requireKeyAccess(
  k: Kernel,
  requester: Requester,
  action: string,
  held: HeldKey,
  facts: RequestFacts,
): Promise<void> {
  const key = held.value;
  await require(k, requester, {
    action,
    resource: arnOf(k, key),
    resourceAccount: key.account,
    resourcePolicy: { text: key.policy, revision: held.policyRevision },
    conditions: keyConditions(requester, k.region, key, facts),
  });
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
  await require(k, requester, {
    action,
    resource,
    resourceAccount: account,
    resourcePolicy: { text: defaultPolicy(requester.account), revision: `default/${requester.account}` },
    conditions: plainConditions(requester, k.region),
  });
}

/** Whether the caller could still change the policy under `policy` (the lockout safety check, spec kms 9.2). */
export async function requireNoLockout(
  k: Kernel,
  requester: Requester,
  key: KeyAttributes & Pick<KeyRecord, "policy">,
  arn: KeyArn,
): Promise<void> {
  const decision = await k.authoriser.decide(requester.caller, {
    action: "kms:PutKeyPolicy",
    resource: arn,
    resourceAccount: key.account,
    // Of this request only: no revision that a cache could meet again.
    resourcePolicy: { text: key.policy, revision: `proposed/${requester.caller.requestId}` },
    conditions: keyConditions(requester, k.region, key, {}),
  });
  if (decision.kind !== "allow")
    fail(
      "MalformedPolicyDocumentException",
      "The new key policy will not allow you to update the key policy in the future.",
    );
}
