/**
 * Who asks, and whom a policy names. A stored policy may carry bindings from the ARN of a user or role to its unique id
 * (`bindings.ts`): then the id decides, so that whoever is created again under an old name inherits nothing. A canonical
 * user id (S3 alone has those) is bound to the account that it stands for.
 */
import type { JsonNode, JsonString } from "./json.ts";

interface InAccount {
  /** 12 digits. */
  readonly account: string;
  /** What denials call `User:` and what trails show. For a role session the session's ARN. */
  readonly arn: string;
  /** Keys in lower case. */
  readonly tags?: ReadonlyMap<string, string>;
}
export interface RootPrincipal extends InAccount {
  readonly kind: "root";
}
export interface UserPrincipal extends InAccount {
  readonly kind: "user";
  /** AIDA... */
  readonly id: string;
  readonly name: string;
}
export interface RolePrincipal extends InAccount {
  readonly kind: "role-session";
  readonly roleArn: string;
  /** AROA... */
  readonly roleId: string;
  readonly sessionName: string;
}
export interface FederatedPrincipal extends InAccount {
  readonly kind: "federated";
  readonly name: string;
  /** The user whose rights it was lent; absent where that is root. */
  readonly lender?: { readonly arn: string; readonly id: string };
}
/** Signed by nobody of ours: a token of an identity provider (trust policies only). */
export interface ProviderPrincipal {
  readonly kind: "provider";
  /** ARN or host name of the provider. */
  readonly provider: string;
}
/** A part of the product, or a service, that acts for itself. */
export interface ServicePrincipal {
  readonly kind: "service";
  readonly name: string;
}
export interface AnonymousPrincipal {
  readonly kind: "anonymous";
}
export type Principal =
  | RootPrincipal
  | UserPrincipal
  | RolePrincipal
  | FederatedPrincipal
  | ProviderPrincipal
  | ServicePrincipal
  | AnonymousPrincipal;

export const accountOf = (principal: Principal): string | undefined =>
  "account" in principal ? principal.account : undefined;

export type PrincipalPattern =
  | { readonly kind: "everyone" }
  | { readonly kind: "account"; readonly account: string }
  | { readonly kind: "user" | "role" | "session"; readonly arn: string; readonly id: string | undefined }
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "service"; readonly name: string }
  | { readonly kind: "provider"; readonly provider: string }
  | { readonly kind: "canonical"; readonly id: string };

/**
 * How a policy names the caller, by rising strength: its account (which only delegates), its role or the user who lent it
 * rights (limited by boundary and session policy), everyone, or the caller itself.
 */
export type Reach = 0 | 1 | 2 | 3 | 4;
export const REACH = { none: 0, account: 1, role: 2, everyone: 3, self: 4 } as const satisfies Record<
  string,
  Reach
>;

const ROOT_ARN = /^arn:aws[a-z-]*:iam::([0-9]{12}):root$/;
const USER_ARN = /^arn:aws[a-z-]*:iam::[0-9]{12}:user\/[^*?]+$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[^*?]+$/;
const SESSION_ARN =
  /^arn:aws[a-z-]*:sts::[0-9]{12}:(?:assumed-role\/[^/*?]+\/[^/*?]+|federated-user\/[^/*?]+)$/;
const UNIQUE_ID = /^(?:AIDA|AROA)[A-Z0-9]{12,}(?::[^*?]+)?$/;

/** One value of `"AWS"`, or a grantee. No partial wildcards, no groups. */
export function parseAwsPrincipal(
  text: string,
  bindings?: ReadonlyMap<string, string>,
): PrincipalPattern | undefined {
  if (text === "*") return { kind: "everyone" };
  if (/^[0-9]{12}$/.test(text)) return { kind: "account", account: text };
  const account = ROOT_ARN.exec(text)?.[1];
  if (account !== undefined) return { kind: "account", account };
  if (UNIQUE_ID.test(text)) return { kind: "id", id: text };
  const id = bindings?.get(text);
  if (USER_ARN.test(text)) return { kind: "user", arn: text, id };
  if (ROLE_ARN.test(text)) return { kind: "role", arn: text, id };
  return SESSION_ARN.test(text) ? { kind: "session", arn: text, id } : undefined;
}

export interface PrincipalEntry {
  readonly type: "AWS" | "Service" | "Federated" | "CanonicalUser";
  readonly pattern: PrincipalPattern;
  /** Where the text stands in the document. */
  readonly token: JsonString;
}

/** `"*"` or `{"AWS": ..., "Service": ..., ...}`. Otherwise the offending text, as IAM quotes it. */
export function parsePrincipalElement(
  node: JsonNode,
  bindings?: ReadonlyMap<string, string>,
): readonly PrincipalEntry[] | { readonly invalid: string } {
  if (node.type === "string") {
    if (node.value !== "*") return { invalid: `"${node.value}"` };
    return [{ type: "AWS", pattern: { kind: "everyone" }, token: node }];
  }
  if (node.type !== "object") return { invalid: "" };
  const entries: PrincipalEntry[] = [];
  for (const [type, values] of node.members) {
    if (type !== "AWS" && type !== "Service" && type !== "Federated" && type !== "CanonicalUser") {
      return { invalid: `"${type}"` };
    }
    for (const item of values.type === "array" ? values.items : [values]) {
      const pattern = item.type === "string" ? parseTyped(type, item.value, bindings) : undefined;
      if (item.type !== "string" || pattern === undefined) {
        return { invalid: `"${type}":"${item.type === "string" ? item.value : ""}"` };
      }
      entries.push({ type, pattern, token: item });
    }
  }
  return entries.length === 0 ? { invalid: "" } : entries;
}

function parseTyped(
  type: PrincipalEntry["type"],
  text: string,
  bindings?: ReadonlyMap<string, string>,
): PrincipalPattern | undefined {
  switch (type) {
    case "AWS":
      return parseAwsPrincipal(text, bindings);
    case "Service":
      return /^[a-z0-9.-]+\.[a-z]+$/.test(text) ? { kind: "service", name: text } : undefined;
    case "Federated":
      return /^[A-Za-z0-9:/._-]+$/.test(text) ? { kind: "provider", provider: text } : undefined;
    case "CanonicalUser": {
      if (!/^[0-9a-f]{64}$/.test(text)) return undefined;
      const account = bindings?.get(text);
      return account === undefined ? { kind: "canonical", id: text } : { kind: "account", account };
    }
  }
}

export function reachOf(pattern: PrincipalPattern, principal: Principal): Reach {
  switch (pattern.kind) {
    case "everyone":
      return REACH.everyone;
    case "account":
      return accountOf(principal) === pattern.account ? REACH.account : REACH.none;
    case "canonical":
      // Not bound to an account when the policy was put: nobody's.
      return REACH.none;
    case "user":
      if (principal.kind === "federated") return isUser(pattern, principal.lender) ? REACH.role : REACH.none;
      return principal.kind === "user" && isUser(pattern, principal) ? REACH.self : REACH.none;
    case "role":
      if (principal.kind !== "role-session") return REACH.none;
      return (pattern.id === undefined ? principal.roleArn === pattern.arn : principal.roleId === pattern.id)
        ? REACH.role
        : REACH.none;
    case "session":
      if (principal.kind !== "role-session" && principal.kind !== "federated") return REACH.none;
      if (principal.arn !== pattern.arn) return REACH.none;
      return pattern.id === undefined || pattern.id === userIdOf(principal) ? REACH.self : REACH.none;
    case "id":
      return reachOfId(pattern.id, principal);
    case "service":
      return principal.kind === "service" && principal.name === pattern.name ? REACH.self : REACH.none;
    case "provider":
      return principal.kind === "provider" && principal.provider === pattern.provider
        ? REACH.self
        : REACH.none;
  }
}

const isUser = (
  pattern: Pick<UserPrincipal, "arn"> & { readonly id: string | undefined },
  user: Pick<UserPrincipal, "arn" | "id"> | undefined,
): boolean =>
  user !== undefined && (pattern.id === undefined ? user.arn === pattern.arn : user.id === pattern.id);

function reachOfId(id: string, principal: Principal): Reach {
  if (principal.kind === "user") return principal.id === id ? REACH.self : REACH.none;
  if (principal.kind === "federated") return principal.lender?.id === id ? REACH.role : REACH.none;
  if (principal.kind !== "role-session") return REACH.none;
  if (principal.roleId === id) return REACH.role;
  return userIdOf(principal) === id ? REACH.self : REACH.none;
}

/** The strongest way in which any of the patterns names the caller. */
export function reach(patterns: readonly PrincipalPattern[], principal: Principal): Reach {
  let best: Reach = REACH.none;
  for (const pattern of patterns) {
    const found = reachOf(pattern, principal);
    if (found > best) best = found;
  }
  return best;
}

/**
 * NotPrincipal exempts a caller only when each of its identities is listed: the account, and the user, or the role and the
 * session. That AWS asks for all of them surprises people, and errs on the side of the Deny.
 */
export function isExempt(patterns: readonly PrincipalPattern[], principal: Principal): boolean {
  const names = (kinds: readonly Reach[]): boolean =>
    patterns.some((p) => kinds.includes(reachOf(p, principal)));
  if (names([REACH.everyone])) return true;
  switch (principal.kind) {
    case "root":
      return names([REACH.account]);
    case "user":
    case "federated":
      return names([REACH.account]) && names([REACH.self]);
    case "role-session":
      return names([REACH.account]) && names([REACH.role]) && names([REACH.self]);
    case "service":
    case "provider":
      return names([REACH.self]);
    case "anonymous":
      return false;
  }
}

/** `aws:userid` (spec access section 2). */
export function userIdOf(principal: Principal): string | undefined {
  switch (principal.kind) {
    case "root":
      return principal.account;
    case "user":
      return principal.id;
    case "role-session":
      return `${principal.roleId}:${principal.sessionName}`;
    case "federated":
      return `${principal.account}:${principal.name}`;
    case "anonymous":
      return "anonymous";
    case "service":
    case "provider":
      return undefined;
  }
}
