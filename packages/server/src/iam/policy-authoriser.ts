/**
 * The authorise step's decision, by the policy engine: identity side, permissions boundary and session policies as they
 * stand with the caller since authentication, resource policy (bucket or key), grants and conditions. Resource policies
 * are parsed once per revision. Root has every right in its own account except on KMS keys, where the key's policy alone
 * gives it any.
 */
import type { AccessDecision, AccessRequest, Authoriser, KeyGrant, ResourcePolicy } from "../base/access.ts";
import type { Caller } from "../base/caller.ts";
import { systemClock } from "../base/clock.ts";
import { POLICY_CHARS_HELD_MAX } from "../base/limits.ts";
import { RecentMap } from "../base/recent-map.ts";
import {
  decide,
  decideKeyAccess,
  type Decision,
  denialReason,
  parsePolicy,
  type Policy,
} from "../policy/index.ts";
import { RequestContext, type Surroundings } from "./request-context.ts";
import { CompiledStanding } from "./standing.ts";

const POLICIES_KEPT_MAX = 4096;

type Kind = "bucket" | "key";

interface Kept {
  readonly kind: Kind;
  readonly policy: Policy | "unreadable";
  /** Of its text. */
  readonly chars: number;
}

export class PolicyAuthoriser implements Authoriser {
  readonly #surroundings: Surroundings;
  /** By revision. A policy that does not parse (it did when it was put) denies. */
  readonly #policies = new RecentMap<string, Kept>(POLICIES_KEPT_MAX, {
    max: POLICY_CHARS_HELD_MAX,
    of: ({ chars }) => chars,
  });

  constructor(surroundings: Surroundings = { clock: systemClock, region: undefined }) {
    this.#surroundings = surroundings;
  }

  decide(caller: Caller, request: AccessRequest): AccessDecision {
    const onKey = request.action.startsWith("kms:") && request.resourcePolicy !== undefined;
    const resource =
      request.resourcePolicy &&
      this.#policy(request.resourcePolicy, onKey ? "key" : "bucket", request.resource);
    if (resource === "unreadable")
      return { kind: "implicit-deny", reason: "because its policy can't be read" };
    const standing = standingOf(caller);
    if (standing === undefined)
      return { kind: "implicit-deny", reason: "because the caller's policies are not at hand" };
    const question = {
      principal: standing.principal,
      action: request.action,
      resource: request.resource,
      resourceAccount: request.resourceAccount,
      context: new RequestContext(caller, request.conditions, this.#surroundings),
      encryptionContext: request.encryptionContext,
      grants: request.grants ?? NO_GRANTS,
      steps: request.steps,
      restrictPublic: request.restrictPublic === true,
      policies: {
        identity: standing.identity,
        boundary: standing.boundary,
        session: standing.session,
        resource,
      },
    };
    return toAccess(onKey ? decideKeyAccess(question) : decide(question), request.action);
  }

  #policy(source: ResourcePolicy, kind: Kind, resource: string): Policy | "unreadable" {
    const known = this.#policies.get(source.revision);
    if (known?.kind === kind) return known.policy;
    const bucket = /^arn:aws:s3:::([^/]+)/.exec(resource)?.[1];
    const parsed = parsePolicy(source.text, kind, {
      ...(bucket === undefined ? {} : { bucket }),
      ...(source.bindings === undefined ? {} : { bindings: source.bindings }),
    });
    const policy = parsed.ok ? parsed.policy : "unreadable";
    this.#policies.set(source.revision, { kind, policy, chars: source.text.length });
    return policy;
  }
}

const NO_GRANTS: readonly KeyGrant[] = [];
const ANONYMOUS = new CompiledStanding({ principal: { kind: "anonymous" }, identity: [] });

/** Undefined for a user or role session that no authentication vouches for: its denials are unknown. */
export function standingOf({ principal }: Caller): CompiledStanding | undefined {
  switch (principal.kind) {
    case "anonymous":
      return ANONYMOUS;
    case "internal":
      return new CompiledStanding({ principal: { kind: "service", name: principal.name }, identity: [] });
    case "root":
      if (principal.standing instanceof CompiledStanding) return principal.standing;
      return new CompiledStanding({
        principal: { kind: "root", account: principal.account, arn: principal.arn },
        identity: [],
      });
    case "user":
    case "role-session":
    case "federated":
      return principal.standing instanceof CompiledStanding ? principal.standing : undefined;
  }
}

function toAccess(decision: Decision, action: string): AccessDecision {
  if (decision.effect === "allow")
    return decision.by.source === "grant"
      ? { kind: "allow", grantId: decision.by.policy }
      : { kind: "allow" };
  return { kind: decision.effect, reason: denialReason(decision, action) };
}
