/**
 * One (principal, action, resource) question while it is being decided: the condition values, and which statements of a policy
 * match. The evaluator supplies what follows from principal and resource itself; a caller's context can't override it.
 */
import { arnTail, hasValues, matchArn } from "./arn.ts";
import { holds } from "./condition.ts";
import type { Meter } from "./glob.ts";
import type { Policy, ResourceElement, Statement } from "./policy.ts";
import { accountOf, isExempt, type Principal, REACH, type Reach, reach, userIdOf } from "./principal.ts";
import type { Values } from "./template.ts";

/** Condition values by lower-case key; a Map will do, an object that computes them on demand is quicker. */
export interface ConditionContext {
  get(key: string): string | readonly string[] | undefined;
}

export interface Question {
  readonly principal: Principal;
  /** As AWS writes it, for example `s3:GetObject`. */
  readonly action: string;
  /** An ARN with the object key decoded, or `*` where the action has no resource. */
  readonly resource: string;
  /** Who owns the resource. Undefined where there is none: then the caller's own account. */
  readonly resourceAccount: string | undefined;
  readonly context: ConditionContext;
  /** KMS: what `kms:EncryptionContext:*` conditions and grant constraints look at. */
  readonly encryptionContext?: ReadonlyMap<string, string> | undefined;
}

export interface Outcome {
  readonly deny: Statement | undefined;
  readonly allow: Statement | undefined;
  /** How the strongest matching Allow of a resource policy names the caller. */
  readonly reach: Reach;
}

export class Evaluation implements Values {
  readonly meter: Meter;
  readonly question: Question;
  readonly #action: string;
  readonly #tailAt: number;

  /** `steps`: comparisons that it may cost. */
  constructor(question: Question, steps: number) {
    this.question = question;
    this.meter = { left: steps };
    this.#action = question.action.toLowerCase();
    this.#tailAt = arnTail(question.resource);
  }

  /** An identity-side policy: it speaks about whoever it is attached to. */
  scan(policy: Policy): Outcome {
    for (const statement of policy.statementsFor(this.#action, this.meter)) {
      if (!this.#applies(statement)) continue;
      if (statement.effect === "Deny") return { deny: statement, allow: undefined, reach: REACH.none };
      return { deny: undefined, allow: statement, reach: REACH.none };
    }
    return NOTHING;
  }

  /** A resource policy: only statements that name the caller count. `bounded`: it has a permissions boundary. */
  scanResource(policy: Policy, bounded: boolean): Outcome {
    let allow: Statement | undefined;
    let best: Reach = REACH.none;
    for (const statement of policy.statementsFor(this.#action, this.meter)) {
      const found = reachOfStatement(statement, this.question.principal, bounded);
      if (found <= best && statement.effect === "Allow") continue;
      if (found === REACH.none || !this.#applies(statement)) continue;
      if (statement.effect === "Deny") return { deny: statement, allow: undefined, reach: REACH.none };
      allow = statement;
      best = found;
    }
    return { deny: undefined, allow, reach: best };
  }

  value(key: string): string | readonly string[] | undefined {
    const derive = DERIVED.get(key);
    if (derive !== undefined) return derive(this.question);
    if (key.startsWith(PRINCIPAL_TAG)) return tagOf(this.question.principal, key.slice(PRINCIPAL_TAG.length));
    if (key.startsWith(ENCRYPTION_CONTEXT)) {
      return contextValues(this.question.encryptionContext, key.slice(ENCRYPTION_CONTEXT.length));
    }
    return this.question.context.get(key);
  }

  #applies(statement: Statement): boolean {
    if (statement.resources !== undefined && !this.#namesResource(statement.resources, statement.effect))
      return false;
    for (const condition of statement.conditions) if (!holds(condition, this)) return false;
    return true;
  }

  /**
   * A pattern whose variable has no value matches nothing. Under NotResource that would mean everything: it may for a Deny, and
   * must not for an Allow (AWS does not say; an Allow for everybody without a user name is nobody's intention).
   */
  #namesResource({ patterns, negated }: ResourceElement, effect: Statement["effect"]): boolean {
    const { resource } = this.question;
    for (const pattern of patterns) if (matchArn(pattern, resource, this.#tailAt, this)) return !negated;
    if (!negated || effect === "Deny") return negated;
    return patterns.every((pattern) => hasValues(pattern, this));
  }
}

const NOTHING: Outcome = { deny: undefined, allow: undefined, reach: REACH.none };

/** NotPrincipal exempts nobody who has a permissions boundary, whatever it lists (AWS, documented). */
function reachOfStatement({ principals }: Statement, principal: Principal, bounded: boolean): Reach {
  if (principals === undefined) return REACH.none;
  if (!principals.negated) return reach(principals.patterns, principal);
  return !bounded && isExempt(principals.patterns, principal) ? REACH.none : REACH.everyone;
}

const PRINCIPAL_TAG = "aws:principaltag/";
const ENCRYPTION_CONTEXT = "kms:encryptioncontext:";

const tagOf = (principal: Principal, key: string): string | undefined =>
  "tags" in principal ? principal.tags?.get(key) : undefined;

/** Context keys ignore case here (spec kms 5.8), so two pairs may answer to one name: then both values are given. */
function contextValues(
  pairs: ReadonlyMap<string, string> | undefined,
  wanted: string,
): string | string[] | undefined {
  let found: string | string[] | undefined;
  for (const [key, value] of pairs ?? []) {
    if (key.toLowerCase() !== wanted) continue;
    found = found === undefined ? value : [found, value].flat();
  }
  return found;
}

const TYPES: Readonly<Record<Principal["kind"], string | undefined>> = {
  root: "Account",
  user: "User",
  "role-session": "AssumedRole",
  federated: "FederatedUser",
  anonymous: "Anonymous",
  service: undefined,
  provider: undefined,
};

function principalArn(principal: Principal): string | undefined {
  if (principal.kind === "role-session") return principal.roleArn;
  return "arn" in principal ? principal.arn : undefined;
}

type Derive = (question: Question) => string | readonly string[] | undefined;
const DERIVED: ReadonlyMap<string, Derive> = new Map<string, Derive>([
  ["aws:principalarn", ({ principal }) => principalArn(principal)],
  ["aws:principalaccount", ({ principal }) => accountOf(principal)],
  ["aws:principaltype", ({ principal }) => TYPES[principal.kind]],
  ["aws:principalisawsservice", ({ principal }) => String(principal.kind === "service")],
  [
    "aws:principalservicename",
    ({ principal }) => (principal.kind === "service" ? principal.name : undefined),
  ],
  ["aws:userid", ({ principal }) => userIdOf(principal)],
  ["aws:username", ({ principal }) => (principal.kind === "user" ? principal.name : undefined)],
  ["aws:resourceaccount", ({ resourceAccount }) => resourceAccount],
  ["s3:resourceaccount", (q) => (q.action.startsWith("s3:") ? q.resourceAccount : undefined)],
  ["kms:calleraccount", (q) => (q.action.startsWith("kms:") ? accountOf(q.principal) : undefined)],
  [
    "kms:encryptioncontextkeys",
    (q) => (q.encryptionContext === undefined ? undefined : [...q.encryptionContext.keys()]),
  ],
]);
