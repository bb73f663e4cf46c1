/** The policies that speak for a caller, compiled: made at authentication, read by the authoriser. */
import type { SessionFacts, Standing } from "../base/caller.ts";
import { IntegrityError } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { parsePolicy, type Policy, type Principal } from "../policy/index.ts";
import type { Directory } from "./directory.ts";
import type { Document, EntityOf, HolderKind, Role, Tags, User } from "./entity-records.ts";
import { documentOf, findPolicy } from "./managed-policies.ts";

export class CompiledStanding implements Standing {
  readonly kind = "standing";
  readonly principal: Principal;
  readonly identity: readonly Policy[];
  readonly boundary: Policy | undefined;
  /** Of a session that was made with policies: together they allow no more than the identity does. */
  readonly session: readonly Policy[] | undefined;

  constructor(fields: {
    readonly principal: Principal;
    readonly identity: readonly Policy[];
    readonly boundary?: Policy | undefined;
    readonly session?: readonly Policy[] | undefined;
  }) {
    this.principal = fields.principal;
    this.identity = fields.identity;
    this.boundary = fields.boundary;
    this.session = fields.session;
  }
}

/** Whatever a policy that no longer parses would have allowed or denied: it was checked when it was put, so deny all. */
const UNREADABLE = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}';

/** Records are shared as long as they are unchanged, so their compiled form can hang on them. */
const compiled = new WeakMap<Document, Policy>();
function compile(document: Document, name: string): Policy {
  const known = compiled.get(document);
  if (known !== undefined) return known;
  const policy = compileText(document.text, name);
  compiled.set(document, policy);
  return policy;
}
export function compileText(text: string, name: string): Policy {
  const parsed = parsePolicy(text, "identity", { name });
  if (parsed.ok) return parsed.policy;
  const denying = parsePolicy(UNREADABLE, "identity", { name });
  if (!denying.ok) throw new Error("INVARIANT: the policy that denies all is well-formed");
  return denying.policy;
}

/** Inside `Directory.consistently`: what is attached exists. */
async function managed(d: Directory, account: AccountId, arn: string): Promise<Policy> {
  const found = await findPolicy(d, account, arn);
  if (found === undefined) throw new IntegrityError("an attached policy is missing");
  return compile(await documentOf(d, account, found), arn);
}

async function policiesOn(
  d: Directory,
  account: AccountId,
  holder: EntityOf<HolderKind>,
): Promise<readonly Policy[]> {
  const inline = await Promise.all(
    holder.inline.map(async (name) => compile(await d.inline(account, holder.id, name), `inline/${name}`)),
  );
  const attached = await Promise.all(holder.attached.map((arn) => managed(d, account, arn)));
  return [...inline, ...attached];
}

export interface IdentitySide {
  readonly identity: readonly Policy[];
  readonly boundary: Policy | undefined;
}

/** User's own policies and its groups'. */
export async function sideOfUser(d: Directory, account: AccountId, user: User): Promise<IdentitySide> {
  const own = await policiesOn(d, account, user);
  const groups = await Promise.all(
    user.groups.map(async (id) => {
      const group = await d.byIdOf(account, "Group", id);
      if (group === undefined) throw new IntegrityError("a user's group is missing");
      return policiesOn(d, account, group);
    }),
  );
  return { identity: [...own, ...groups.flat()], boundary: await boundaryOf(d, account, user) };
}
export async function sideOfRole(d: Directory, account: AccountId, role: Role): Promise<IdentitySide> {
  return {
    identity: await policiesOn(d, account, role),
    boundary: await boundaryOf(d, account, role),
  };
}
const boundaryOf = async (d: Directory, account: AccountId, holder: User | Role) =>
  holder.boundary === undefined ? undefined : managed(d, account, holder.boundary);

/** Managed policies of a session are read at each use; one that is gone allows nothing any more. */
export async function sessionPolicies(
  d: Directory,
  account: AccountId,
  text: string | undefined,
  arns: readonly string[],
): Promise<readonly Policy[] | undefined> {
  if (text === undefined && arns.length === 0) return undefined;
  const policies = text === undefined ? [] : [compileText(text, "session policy")];
  for (const arn of arns) {
    const found = await findPolicy(d, account, arn);
    if (found !== undefined) policies.push(compile(await documentOf(d, account, found), arn));
  }
  return policies;
}

/** Tags as conditions see them: session tags over the entity's own, keys in lower case. */
export function principalTags(own: Tags, session?: SessionFacts): ReadonlyMap<string, string> | undefined {
  const tags = new Map(own.map(({ key, value }) => [key.toLowerCase(), value]));
  for (const [key, value] of session?.tags ?? []) tags.set(key.toLowerCase(), value);
  return tags.size === 0 ? undefined : tags;
}
