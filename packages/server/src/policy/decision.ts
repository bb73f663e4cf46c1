/** What an evaluation answers, and the facts about all policies in play from which S3, KMS and STS draw it. */
import { DECISION_STEPS_MAX } from "../base/limits.ts";
import { Evaluation, type Question } from "./evaluation.ts";
import type { Meter } from "./glob.ts";
import type { Policy, Statement } from "./policy.ts";
import type { Reach } from "./principal.ts";

export type PolicySource = "identity" | "resource" | "session" | "boundary" | "guard-rail";
/** The statement that decided; for a grant its id, for root and owner nothing more. */
export interface Deciding {
  readonly source: PolicySource | "grant" | "root" | "owner";
  readonly policy: string;
  readonly statement: number | undefined;
  readonly sid: string | undefined;
}
/** Which kind of policy would have had to allow. "public-access" is public access block, "error" a failed evaluation. */
export type Missing = PolicySource | "public-access" | "error";
export type Decision =
  | { readonly effect: "allow"; readonly by: Deciding }
  | { readonly effect: "explicit-deny"; readonly by: Deciding }
  | { readonly effect: "implicit-deny"; readonly missing: Missing; readonly error?: unknown };

export interface PolicySet {
  /** All that are attached to the caller: inline, managed, its groups'. Empty for root. */
  readonly identity: readonly Policy[];
  readonly boundary?: Policy | undefined;
  /** Of a session that was made with policies: their union. Empty means that nothing is allowed; absent, no limit. */
  readonly session?: readonly Policy[] | undefined;
  /** Bucket, key or trust policy. */
  readonly resource?: Policy | undefined;
  /** Account-wide limits; at least one must allow when there are any. */
  readonly guardRails?: readonly Policy[] | undefined;
}

export interface AccessRequest extends Question {
  readonly policies: PolicySet;
  /** RestrictPublicBuckets of bucket or account. */
  readonly restrictPublic?: boolean;
  /** Of a request that asks many questions: what they may cost together. Without it, each may cost what one may. */
  readonly steps?: Meter | undefined;
}

export interface Facts {
  readonly identity: Deciding | undefined;
  readonly boundary: boolean;
  readonly session: boolean;
  readonly resource: Deciding | undefined;
  readonly reach: Reach;
}

export const implicitDeny = (missing: Missing): Decision => ({ effect: "implicit-deny", missing });
export const allowBy = (by: Deciding): Decision => ({ effect: "allow", by });
export const ROOT: Deciding = { source: "root", policy: "", statement: undefined, sid: undefined };

const deciding = (source: PolicySource, policy: Policy, statement: Statement): Deciding => ({
  source,
  policy: policy.name,
  statement: statement.index,
  sid: statement.sid,
});

/**
 * Looks at every policy once. An explicit Deny anywhere ends it; which of several is named follows the order here (AWS does not
 * say which it would name).
 */
export function gather(request: AccessRequest): Decision | Facts {
  const { steps } = request;
  const allowed = Math.min(DECISION_STEPS_MAX, steps?.left ?? DECISION_STEPS_MAX);
  const evaluation = new Evaluation(request, allowed);
  try {
    return gatherIn(evaluation, request.policies);
  } finally {
    if (steps !== undefined) steps.left -= allowed - evaluation.meter.left;
  }
}

function gatherIn(evaluation: Evaluation, policies: PolicySet): Decision | Facts {
  const rails = scanAll(evaluation, policies.guardRails, "guard-rail");
  if (rails.deny !== undefined) return { effect: "explicit-deny", by: rails.deny };
  const { resource } = policies;
  const onResource =
    resource === undefined ? undefined : evaluation.scanResource(resource, policies.boundary !== undefined);
  if (resource !== undefined && onResource?.deny !== undefined) {
    return { effect: "explicit-deny", by: deciding("resource", resource, onResource.deny) };
  }
  const identity = scanAll(evaluation, policies.identity, "identity");
  if (identity.deny !== undefined) return { effect: "explicit-deny", by: identity.deny };
  const boundary = scanAll(evaluation, policies.boundary && [policies.boundary], "boundary");
  if (boundary.deny !== undefined) return { effect: "explicit-deny", by: boundary.deny };
  const session = scanAll(evaluation, policies.session, "session");
  if (session.deny !== undefined) return { effect: "explicit-deny", by: session.deny };
  if (!rails.limits) return implicitDeny("guard-rail");
  return {
    identity: identity.allow,
    boundary: boundary.limits,
    session: session.limits,
    resource:
      resource !== undefined && onResource?.allow !== undefined
        ? deciding("resource", resource, onResource.allow)
        : undefined,
    reach: onResource?.reach ?? 0,
  };
}

interface Scan {
  readonly deny: Deciding | undefined;
  readonly allow: Deciding | undefined;
  /** As a limit: absent, or allows. */
  readonly limits: boolean;
}
const NO_LIMIT: Scan = { deny: undefined, allow: undefined, limits: true };

function scanAll(
  evaluation: Evaluation,
  policies: readonly Policy[] | undefined,
  source: PolicySource,
): Scan {
  if (policies === undefined) return NO_LIMIT;
  let allow: Deciding | undefined;
  for (const policy of policies) {
    const outcome = evaluation.scan(policy);
    if (outcome.deny !== undefined) {
      return { deny: deciding(source, policy, outcome.deny), allow: undefined, limits: false };
    }
    if (allow === undefined && outcome.allow !== undefined) allow = deciding(source, policy, outcome.allow);
  }
  return { deny: undefined, allow, limits: allow !== undefined };
}

/** The identity side of section 5.4 for a caller that is not root: what is missing, or undefined when it allows. */
export function identityLacks(facts: Facts): Missing | undefined {
  return facts.identity === undefined ? "identity" : limitLacks(facts);
}
/** Boundary and session policy alone: what limits an Allow that names the caller's role. */
export function limitLacks(facts: Facts): Missing | undefined {
  if (!facts.boundary) return "boundary";
  return facts.session ? undefined : "session";
}

/** Runs an evaluation; whatever fails in it denies. */
export function guarded(evaluate: () => Decision): Decision {
  try {
    return evaluate();
  } catch (error) {
    return { effect: "implicit-deny", missing: "error", error };
  }
}
