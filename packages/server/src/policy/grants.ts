/** Grants on KMS keys (spec kms section 8): they only allow, and a constraint narrows them to an encryption context. */
import { parseAwsPrincipal, type Principal, REACH, type Reach, reachOf } from "./principal.ts";

export type ContextPairs = ReadonlyMap<string, string>;
export interface GrantConstraint {
  readonly kind: "subset" | "equals";
  readonly pairs: ContextPairs;
}
export interface Grant {
  readonly id: string;
  /** ARN of an account root, user, role, session or federated user; or the unique id it was bound to. */
  readonly grantee: string;
  /** Without the `kms:` prefix: `Decrypt`, `GenerateDataKey`. */
  readonly operations: ReadonlySet<string>;
  readonly constraint?: GrantConstraint | undefined;
}

/** Operations that carry an encryption context; a constraint leaves the others alone. */
const WITH_CONTEXT = new Set([
  "Decrypt",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "GenerateDataKeyPair",
  "GenerateDataKeyPairWithoutPlaintext",
  "ReEncryptFrom",
  "ReEncryptTo",
]);

/** How the grant names the caller when it covers the operation; REACH.none when it doesn't. */
export function grantReach(
  grant: Grant,
  principal: Principal,
  operation: string,
  context: ContextPairs | undefined,
): Reach {
  if (!grant.operations.has(operation)) return REACH.none;
  const pattern = parseAwsPrincipal(grant.grantee);
  const found =
    pattern === undefined || pattern.kind === "everyone" ? REACH.none : reachOf(pattern, principal);
  if (found === REACH.none || grant.constraint === undefined || !WITH_CONTEXT.has(operation)) return found;
  return satisfies(grant.constraint, context ?? NO_PAIRS) ? found : REACH.none;
}
const NO_PAIRS: ContextPairs = new Map();

/** Keys ignore case, values do not (API reference). */
export function satisfies(constraint: GrantConstraint, context: ContextPairs): boolean {
  if (constraint.kind === "equals" && context.size !== constraint.pairs.size) return false;
  return includesPairs(context, constraint.pairs);
}

function includesPairs(context: ContextPairs, wanted: ContextPairs): boolean {
  // Two keys of a context that are equal but for case never stand for one another: each must agree.
  const folded = new Map<string, string | undefined>();
  for (const [key, value] of context) {
    const name = key.toLowerCase();
    folded.set(name, folded.has(name) && folded.get(name) !== value ? undefined : value);
  }
  for (const [key, value] of wanted) if (folded.get(key.toLowerCase()) !== value) return false;
  return true;
}

/** A grant made by virtue of another may not reach further: fewer or equal operations, an equal or stricter constraint. */
export function isWithinGrant(parent: Grant, child: Pick<Grant, "operations" | "constraint">): boolean {
  for (const operation of child.operations) if (!parent.operations.has(operation)) return false;
  if (parent.constraint === undefined) return true;
  if (child.constraint === undefined) return false;
  if (parent.constraint.kind === "equals" && child.constraint.kind === "subset") return false;
  return satisfies(parent.constraint, child.constraint.pairs);
}
