/** AssumeRole and GetSessionToken (spec access 3.2): who may become a role, and what a session carries along. */
import { accountOf, type Caller } from "../base/caller.ts";
import { fail } from "../base/errors.ts";
import { type AccountId, parseAccountId } from "../base/ids.ts";
import { IDENTITY_TAGS_MAX, SESSION_POLICY_ARNS_MAX, SESSION_POLICY_CHARS_MAX } from "../base/limits.ts";
import { decideAssumeRole, type Policy, parsePolicy, type Principal } from "../policy/index.ts";
import { accountCodec, accountRow, ACCOUNTS_PARENT } from "./account-records.ts";
import type { Directory } from "./directory.ts";
import { hasArn } from "./entities.ts";
import { arnOf, type Role, type Tags } from "./entity-records.ts";
import { checkedPolicy } from "./documents.ts";
import { findPolicy } from "./managed-policies.ts";
import { standingOf } from "./policy-authoriser.ts";
import { sessionArn } from "./principals.ts";
import { RequestContext, sessionOf, type Surroundings } from "./request-context.ts";
import { parseRoleArn, SESSION_SECONDS_STANDARD } from "./roles.ts";
import {
  packedSize,
  type SessionClaims,
  type SessionCredentials,
  type SessionTokens,
} from "./session-tokens.ts";

export interface Sts extends Surroundings {
  readonly directory: Directory;
  readonly sessions: SessionTokens;
}

export interface SessionPolicies {
  readonly policy?: string | undefined;
  readonly policyArns?: readonly string[] | undefined;
}
export interface AssumeRoleInput extends SessionPolicies {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly durationSeconds?: number | undefined;
  readonly tags: Tags;
  readonly transitiveTagKeys: readonly string[];
  readonly externalId?: string | undefined;
  readonly sourceIdentity?: string | undefined;
}
export interface AssumedRole {
  readonly credentials: SessionCredentials;
  readonly assumedRoleId: string;
  readonly arn: string;
  readonly packedPolicySize: number | undefined;
  readonly sourceIdentity: string | undefined;
}

/** Of role chaining, whatever the role would allow. */
const CHAINED_SECONDS_MAX = 3600;

export async function assumeRole(sts: Sts, caller: Caller, input: AssumeRoleInput): Promise<AssumedRole> {
  const named = parseRoleArn(input.roleArn);
  const account = parseAccountId(named.account);
  const chained = sessionOf(caller);
  const inherited = inheritedTags(chained, input.tags);
  const tags = [...inherited, ...checkedTags(input.tags)];
  const transitive = [...(chained?.transitiveTagKeys ?? []), ...checkedTransitive(input)];
  const sourceIdentity = keptSourceIdentity(caller, input);
  if (caller.principal.kind === "root") fail("AccessDenied", "Roles may not be assumed by root accounts.");
  const principal = standingOf(caller)?.principal;
  const role = await trustedRole(sts.directory, account, named.name, input.roleArn);
  // What is not there is refused like what is not allowed.
  if (role === undefined || principal === undefined) return deny(caller, "sts:AssumeRole", input.roleArn);
  const values = sessionConditions(input, tags, transitive);
  const actions = [
    "sts:AssumeRole",
    // Tags that a chain hands on are set on the new session like its own.
    ...(tags.length > 0 ? ["sts:TagSession"] : []),
    ...(sourceIdentity === undefined ? [] : ["sts:SetSourceIdentity"]),
  ];
  for (const action of actions) {
    if (!decideTrust(sts, caller, principal, account, role, action, values))
      deny(caller, action, input.roleArn);
  }
  const max = chained?.kind === "role" || chained?.kind === "web-identity" ? CHAINED_SECONDS_MAX : undefined;
  return issue(sts, account, role, {
    kind: "role",
    sessionName: input.sessionName,
    seconds: checkedDuration(role, input.durationSeconds, max),
    ...(await checkedPolicies(sts.directory, account, input)),
    tags: tags.map(({ key, value }) => [key, value]),
    transitive,
    sourceIdentity,
    provider: undefined,
  });
}

/** Undefined when there is no such role under exactly this ARN. */
export async function trustedRole(
  d: Directory,
  account: AccountId,
  name: string,
  arn: string,
): Promise<Role | undefined> {
  if ((await d.counted.get(accountCodec, ACCOUNTS_PARENT, accountRow(account))) === undefined)
    return undefined;
  const role = await d.find(account, "Role", name);
  return role !== undefined && hasArn(account, role, arn) ? role : undefined;
}

const trusts = new WeakMap<Role, Policy>();
function trustOf(role: Role): Policy | undefined {
  const known = trusts.get(role);
  if (known !== undefined) return known;
  const parsed = parsePolicy(role.trust, "trust", { bindings: new Map(Object.entries(role.trustBindings)) });
  if (!parsed.ok) return undefined;
  trusts.set(role, parsed.policy);
  return parsed.policy;
}

/** Whether role trust and the caller's own policies allow. A trust policy that can't be read allows nobody. */
export function decideTrust(
  sts: Surroundings,
  caller: Caller,
  principal: Principal,
  account: AccountId,
  role: Role,
  action: string,
  values: ReadonlyMap<string, string | readonly string[]>,
): boolean {
  const resource = trustOf(role);
  if (resource === undefined) return false;
  const standing = standingOf(caller);
  const all = new Map(values);
  for (const { key, value } of role.tags)
    for (const prefix of ["aws", "iam"]) all.set(`${prefix}:resourcetag/${key.toLowerCase()}`, value);
  const decision = decideAssumeRole({
    principal,
    action,
    resource: arnOf(account, role),
    resourceAccount: account,
    context: new RequestContext(caller, all, sts),
    policies: {
      identity: standing?.identity ?? [],
      boundary: standing?.boundary,
      session: standing?.session,
      resource,
    },
  });
  return decision.effect === "allow";
}

function deny(caller: Caller, action: string, resource: string): never {
  const who = "arn" in caller.principal ? caller.principal.arn : caller.principal.kind;
  fail("AccessDenied", `User: ${who} is not authorized to perform: ${action} on resource: ${resource}`);
}

function sessionConditions(
  input: AssumeRoleInput,
  tags: Tags,
  transitive: readonly string[],
): Map<string, string | readonly string[]> {
  const values = new Map<string, string | readonly string[]>([["sts:rolesessionname", input.sessionName]]);
  if (input.externalId !== undefined) values.set("sts:externalid", input.externalId);
  if (input.sourceIdentity !== undefined) values.set("sts:sourceidentity", input.sourceIdentity);
  if (transitive.length > 0) values.set("sts:transitivetagkeys", transitive);
  if (tags.length > 0) {
    values.set(
      "aws:tagkeys",
      tags.map(({ key }) => key),
    );
    for (const { key, value } of tags) values.set(`aws:requesttag/${key.toLowerCase()}`, value);
  }
  return values;
}

export function checkedTags(tags: Tags): Tags {
  const keys = tags.map(({ key }) => key.toLowerCase());
  if (new Set(keys).size !== keys.length)
    fail(
      "InvalidParameterValue",
      "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    );
  if (keys.some((key) => key.startsWith("aws:")))
    fail("InvalidParameterValue", "Tag keys may not start with aws:.");
  if (tags.length > IDENTITY_TAGS_MAX)
    fail("InvalidParameterValue", `A session may have at most ${IDENTITY_TAGS_MAX} tags.`);
  return tags;
}

/** Once set, it goes with every session of the chain, and no request can put another in its place. */
function keptSourceIdentity(
  caller: Caller,
  { roleArn, sourceIdentity }: AssumeRoleInput,
): string | undefined {
  const kept = sessionOf(caller)?.sourceIdentity;
  if (kept !== undefined && sourceIdentity !== undefined && sourceIdentity !== kept)
    deny(caller, "sts:SetSourceIdentity", roleArn);
  return kept ?? sourceIdentity;
}

/** Of a chain: the tags that the session before has handed on, which nobody may replace. */
function inheritedTags(chained: ReturnType<typeof sessionOf>, given: Tags): Tags {
  const inherited: { readonly key: string; readonly value: string }[] = [];
  for (const key of chained?.transitiveTagKeys ?? []) {
    const value = chained?.tags.get(key);
    if (value !== undefined) inherited.push({ key, value });
  }
  const names = new Set(inherited.map(({ key }) => key.toLowerCase()));
  if (given.some(({ key }) => names.has(key.toLowerCase())))
    fail(
      "InvalidParameterValue",
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  return inherited;
}

function checkedTransitive({ tags, transitiveTagKeys }: AssumeRoleInput): readonly string[] {
  const byLower = new Map(tags.map(({ key }) => [key.toLowerCase(), key]));
  return transitiveTagKeys.map((key) => {
    const tag = byLower.get(key.toLowerCase());
    return (
      tag ??
      fail(
        "InvalidParameterValue",
        "The specified transitive tag key must be included in the requested tags.",
      )
    );
  });
}

export function checkedDuration(
  role: Role,
  wanted: number | undefined,
  chainedMax: number | undefined,
): number {
  if (wanted === undefined)
    return Math.min(SESSION_SECONDS_STANDARD, role.maxSessionSeconds, chainedMax ?? Number.POSITIVE_INFINITY);
  if (chainedMax !== undefined && wanted > chainedMax)
    fail(
      "ValidationError",
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    );
  if (wanted > role.maxSessionSeconds)
    fail(
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  return wanted;
}

/** Throws MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError. */
export async function checkedPolicies(
  d: Directory,
  account: AccountId,
  { policy, policyArns = [] }: SessionPolicies,
): Promise<Pick<SessionClaims, "policy" | "policyArns">> {
  if (policy !== undefined) {
    if (policy.length > SESSION_POLICY_CHARS_MAX)
      fail(
        "PackedPolicyTooLarge",
        `Session policies may have at most ${SESSION_POLICY_CHARS_MAX} characters.`,
      );
    checkedPolicy(policy, "session");
  }
  if (policyArns.length > SESSION_POLICY_ARNS_MAX)
    fail("LimitExceeded", `A session may have at most ${SESSION_POLICY_ARNS_MAX} managed policies.`);
  for (const arn of policyArns) {
    if ((await findPolicy(d, account, arn)) === undefined)
      fail("InvalidParameterValue", `The policy ${arn} does not exist, or is not of the role's account.`);
  }
  return {
    ...(policy === undefined ? {} : { policy }),
    ...(policyArns.length === 0 ? {} : { policyArns: [...policyArns] }),
  };
}

export interface NewSession extends Pick<SessionClaims, "policy" | "policyArns"> {
  readonly kind: "role" | "web-identity";
  readonly sessionName: string;
  readonly seconds: number;
  readonly tags: [string, string][];
  readonly transitive: readonly string[];
  readonly sourceIdentity: string | undefined;
  readonly provider: string | undefined;
}

export function issue(sts: Sts, account: AccountId, role: Role, session: NewSession): AssumedRole {
  const { kind, sessionName, seconds, tags, transitive, sourceIdentity, provider, ...policies } = session;
  const scoped = { ...policies, ...(tags.length === 0 ? {} : { tags }) };
  const packedPolicySize = packedSize(scoped);
  // Whole seconds: what the answer shows is what is checked.
  const issuedAtMs = Math.floor(sts.clock.now() / 1000) * 1000;
  const credentials = sts.sessions.issue({
    kind,
    account,
    id: role.id,
    name: sessionName,
    issuedAtMs,
    expiresAtMs: issuedAtMs + seconds * 1000,
    ...scoped,
    ...(transitive.length === 0 ? {} : { transitive: [...transitive] }),
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    ...(provider === undefined ? {} : { provider }),
  });
  return {
    credentials,
    assumedRoleId: `${role.id}:${sessionName}`,
    arn: sessionArn(account, role.name, sessionName),
    packedPolicySize,
    sourceIdentity,
  };
}

const SESSION_TOKEN_SECONDS = 43_200;
const ROOT_SECONDS_MAX = 3600;

/** The caller's own identity for a while. Needs no permission, and no session may ask for another. */
export function getSessionToken(sts: Sts, caller: Caller, wanted: number | undefined): SessionCredentials {
  const { principal } = caller;
  const account = accountOf(principal);
  if (account === undefined || (principal.kind !== "root" && principal.kind !== "user") || sessionOf(caller))
    return fail("AccessDenied", "Cannot call GetSessionToken with session credentials");
  const root = principal.kind === "root";
  const seconds = wanted ?? SESSION_TOKEN_SECONDS;
  const issuedAtMs = Math.floor(sts.clock.now() / 1000) * 1000;
  return sts.sessions.issue({
    kind: root ? "root" : "user",
    account,
    id: principal.userId,
    issuedAtMs,
    expiresAtMs: issuedAtMs + (root ? Math.min(seconds, ROOT_SECONDS_MAX) : seconds) * 1000,
  });
}
