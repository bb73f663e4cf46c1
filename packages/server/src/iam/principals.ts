/**
 * Principals of stored policies, bound to unique ids (spec kms 9.2): whoever is created again under an old name inherits
 * nothing. Everything that stores a policy with principals (roles, keys, buckets) binds it here when it is put, keeps
 * the bindings beside the text, and shows it through `presentPrincipals`.
 */
import { type AccountId, parseAccountId } from "../base/ids.ts";
import { POLICY_BINDINGS_BYTES_MAX } from "../base/limits.ts";
import { entryRow } from "../store/list-page.ts";
import {
  type ParseOptions,
  type ParseResult,
  parsePolicy,
  policyFailure,
  type Policy,
  type PolicyKind,
  presentPolicy,
} from "../policy/index.ts";
import { accountCodec, accountRow, ACCOUNTS_PARENT } from "./account-records.ts";
import type { Directory } from "./directory.ts";
import { hasArn } from "./entities.ts";
import { arnOf } from "./entity-records.ts";

/**
 * Parses a policy that is being put. On success `policy.bindings` goes into the record; a principal that does not exist
 * here is a failure, as AWS has it.
 */
export async function bindPrincipals(
  d: Directory,
  text: string,
  kind: PolicyKind,
  options: Omit<ParseOptions, "resolve" | "bindings"> = {},
): Promise<ParseResult> {
  const plain = parsePolicy(text, kind, options);
  if (!plain.ok) return plain;
  const ids = new Map<string, string | undefined>();
  for (const principal of principalsIn(plain.policy)) {
    if (!ids.has(principal)) ids.set(principal, await resolvePrincipal(d, principal));
  }
  const bound = parsePolicy(text, kind, { ...options, resolve: (principal) => ids.get(principal) });
  if (bound.ok && JSON.stringify([...bound.policy.bindings]).length > POLICY_BINDINGS_BYTES_MAX)
    return { ok: false, failure: policyFailure(kind, "count") };
  return bound;
}

/** The text as GET shows it: today's ARN of each principal, and the bare id of whoever is gone. */
export async function presentPrincipals(d: Directory, text: string, policy: Policy): Promise<string> {
  const arns = new Map<string, string | undefined>();
  for (const id of policy.bindings.values()) if (!arns.has(id)) arns.set(id, await arnOfId(d, id));
  return presentPolicy(text, policy, (id) => arns.get(id));
}

/** As `presentPrincipals`, from what a record holds. */
export function presentStored(
  d: Directory,
  text: string,
  kind: PolicyKind,
  bindings: ReadonlyMap<string, string>,
  options: Omit<ParseOptions, "resolve" | "bindings"> = {},
): Promise<string> {
  const parsed = parsePolicy(text, kind, { ...options, bindings });
  return parsed.ok ? presentPrincipals(d, text, parsed.policy) : Promise.resolve(text);
}

function* principalsIn(policy: Policy): Generator<string> {
  for (const { principals } of policy.statements)
    for (const { type, token } of principals?.entries ?? [])
      if (type === "AWS" || type === "CanonicalUser") yield token.value;
}

const ACCOUNT = /^(?:arn:aws:iam::)?([0-9]{12})(?::root)?$/;
const ENTITY = /^arn:aws:iam::([0-9]{12}):(user|role)\/(?:.*\/)?([^/]+)$/;
const SESSION = /^arn:aws:sts::([0-9]{12}):assumed-role\/([^/]+)\/([^/]+)$/;
const FEDERATED = /^arn:aws:sts::([0-9]{12}):federated-user\//;
const CANONICAL = /^[0-9a-f]{64}$/;
const UNIQUE_ID = /^(A(?:IDA|ROA)[A-Z0-9]+)(?::.+)?$/;

/**
 * The unique id of a user, role or session ARN; the account of a canonical id; the text itself for an account or an id
 * that exists; undefined for what does not.
 */
export async function resolvePrincipal(d: Directory, principal: string): Promise<string | undefined> {
  const uniqueId = UNIQUE_ID.exec(principal)?.[1];
  if (uniqueId !== undefined) return (await d.byId(uniqueId)) === undefined ? undefined : principal;
  if (CANONICAL.test(principal)) return accountOfCanonicalId(d, principal);
  const number = ACCOUNT.exec(principal)?.[1] ?? FEDERATED.exec(principal)?.[1];
  if (number !== undefined) return (await accountExists(d, parseAccountId(number))) ? principal : undefined;
  const [, owner, word, name] = ENTITY.exec(principal) ?? [];
  if (owner !== undefined && name !== undefined) {
    const account = parseAccountId(owner);
    const found = await d.find(account, word === "user" ? "User" : "Role", name);
    return found !== undefined && hasArn(account, found, principal) ? found.id : undefined;
  }
  const [, roleOwner, roleName, session] = SESSION.exec(principal) ?? [];
  if (roleOwner === undefined || roleName === undefined || session === undefined) return undefined;
  const role = await d.find(parseAccountId(roleOwner), "Role", roleName);
  return role?.name === roleName ? `${role.id}:${session}` : undefined;
}

/** The present ARN of a unique id, or of `AROA...:session`; undefined when it is gone. */
export async function arnOfId(d: Directory, id: string): Promise<string | undefined> {
  const colon = id.indexOf(":");
  const placed = await d.byId(colon < 0 ? id : id.slice(0, colon));
  if (placed === undefined) return undefined;
  const { account, entity } = placed;
  return colon < 0 ? arnOf(account, entity) : sessionArn(account, entity.name, id.slice(colon + 1));
}

export const sessionArn = (account: AccountId, roleName: string, session: string): string =>
  `arn:aws:sts::${account}:assumed-role/${roleName}/${session}`;

async function accountExists(d: Directory, account: AccountId): Promise<boolean> {
  return (await d.counted.get(accountCodec, ACCOUNTS_PARENT, accountRow(account))) !== undefined;
}

async function accountOfCanonicalId(d: Directory, id: string): Promise<AccountId | undefined> {
  for (const name of (await d.counted.entries(ACCOUNTS_PARENT)).keys()) {
    const row = entryRow(name);
    const found = row && (await d.counted.get(accountCodec, ACCOUNTS_PARENT, row));
    if (found?.value.canonicalId === id) return found.value.id;
  }
  return undefined;
}

/** The port that S3 asks (`BucketPrincipals`). */
export const bucketPrincipals = (d: Directory) => ({
  bind: (text: string, bucket: string): Promise<ParseResult> => bindPrincipals(d, text, "bucket", { bucket }),
  present: (text: string, bindings: ReadonlyMap<string, string>, bucket: string): Promise<string> =>
    presentStored(d, text, "bucket", bindings, { bucket }),
});

/** The port that the key service asks (`KeyPrincipals`). */
export const keyPrincipals = (d: Directory) => ({
  bind: (text: string): Promise<ParseResult> => bindPrincipals(d, text, "key"),
  present: (text: string, bindings: ReadonlyMap<string, string>): Promise<string> =>
    presentStored(d, text, "key", bindings),
  idOf: (arn: string): Promise<string | undefined> => resolvePrincipal(d, arn),
  arnOf: (id: string): Promise<string | undefined> => arnOfId(d, id),
});
