/**
 * Identities that a bootstrap file wants to be there, applied again at every start: what the file names is brought to
 * what it says, what it does not name stays as it is, and nothing is ever removed. Idempotent, and harmless when several
 * processes do it at once.
 */
import { ServiceError } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { type ShownOnce, setAccessKey } from "./access-keys.ts";
import { attach, putBoundary, putInline } from "./attachments.ts";
import { type Directory, sameRev } from "./directory.ts";
import { need } from "./entities.ts";
import { arnOf, type HolderKind, type Tags } from "./entity-records.ts";
import { createGroup } from "./groups.ts";
import { createPolicy, needPolicy, putInForce, tagPolicy } from "./managed-policies.ts";
import { tagHolder } from "./holders.ts";
import { createRole, updateRole, updateTrust } from "./roles.ts";
import { addToGroup, createUser } from "./users.ts";

export type Ensured = "changed" | "present";

interface WantedHolder {
  readonly name: string;
  /** Taken when it is made; a later change of path is no change of rights and is left alone. */
  readonly path?: string;
  /** ARNs of managed policies to attach. */
  readonly attached?: readonly string[];
  /** Inline policies by name. */
  readonly inline?: Readonly<Record<string, string>>;
}
interface WantedPrincipal extends WantedHolder {
  readonly boundary?: string;
  readonly tags?: Tags;
}
export interface WantedUser extends WantedPrincipal {
  readonly groups?: readonly string[];
  readonly accessKeys?: readonly ShownOnce[];
}
export type WantedGroup = WantedHolder;
export interface WantedRole extends WantedPrincipal {
  readonly trust: string;
  readonly description?: string;
  readonly maxSessionSeconds?: number;
}
export interface WantedPolicy {
  readonly name: string;
  readonly path?: string;
  readonly document: string;
  readonly description?: string;
  readonly tags?: Tags;
}

async function noting(d: Directory, account: AccountId, work: () => Promise<void>): Promise<Ensured> {
  const before = await d.head(account);
  await work();
  return sameRev(before, await d.head(account)) ? "present" : "changed";
}

/** Another process may have made it between the look and the making. */
async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === "EntityAlreadyExists")) throw error;
  }
}

export function ensurePolicy(d: Directory, account: AccountId, wanted: WantedPolicy): Promise<Ensured> {
  return noting(d, account, async () => {
    const { name, path = "/", document, description, tags = [] } = wanted;
    if ((await d.find(account, "Policy", name)) === undefined)
      await unlessThere(() => createPolicy(d, account, { name, path, document, description, tags }));
    const present = await d.find(account, "Policy", name);
    const arn = arnOf(account, present ?? { kind: "Policy", path, name });
    const view = await needPolicy(d, account, arn);
    if (missingTags(view.policy.tags, tags)) await tagPolicy(d, account, arn, tags);
    await putInForce(d, account, arn, document);
  });
}

export function ensureGroup(d: Directory, account: AccountId, wanted: WantedGroup): Promise<Ensured> {
  return noting(d, account, async () => {
    const { name, path = "/" } = wanted;
    if ((await d.find(account, "Group", name)) === undefined)
      await unlessThere(() => createGroup(d, account, { name, path }));
    await ensurePolicies(d, account, "Group", wanted);
  });
}

export function ensureUser(d: Directory, account: AccountId, wanted: WantedUser): Promise<Ensured> {
  return noting(d, account, async () => {
    const { name, path = "/", boundary, tags = [] } = wanted;
    if ((await d.find(account, "User", name)) === undefined)
      await unlessThere(() => createUser(d, account, { name, path, boundary, tags }));
    const user = await need(d, account, "User", name);
    if (missingTags(user.tags, tags)) await tagHolder(d, account, "User", name, tags);
    if (boundary !== undefined) await putBoundary(d, account, "User", name, boundary);
    for (const group of wanted.groups ?? []) await addToGroup(d, account, group, name);
    await ensurePolicies(d, account, "User", wanted);
    for (const key of wanted.accessKeys ?? [])
      await setAccessKey(d, account, { kind: "user", name }, key, "bootstrap");
  });
}

export function ensureRole(d: Directory, account: AccountId, wanted: WantedRole): Promise<Ensured> {
  return noting(d, account, async () => {
    const { name, path = "/", boundary, tags = [], trust, description, maxSessionSeconds } = wanted;
    if ((await d.find(account, "Role", name)) === undefined) {
      const made = { name, path, boundary, tags, trust, description, maxSessionSeconds };
      await unlessThere(() => createRole(d, account, made));
    }
    const role = await need(d, account, "Role", name);
    if (role.trust !== trust) await updateTrust(d, account, name, trust);
    const described = description === undefined || role.description === description;
    if (!described || (maxSessionSeconds ?? role.maxSessionSeconds) !== role.maxSessionSeconds)
      await updateRole(d, account, name, { description, maxSessionSeconds });
    if (missingTags(role.tags, tags)) await tagHolder(d, account, "Role", name, tags);
    if (boundary !== undefined) await putBoundary(d, account, "Role", name, boundary);
    await ensurePolicies(d, account, "Role", wanted);
  });
}

async function ensurePolicies(
  d: Directory,
  account: AccountId,
  kind: HolderKind,
  { name, attached = [], inline = {} }: WantedHolder,
): Promise<void> {
  for (const arn of attached) await attach(d, account, kind, name, arn);
  for (const [policy, text] of Object.entries(inline)) await putInline(d, account, kind, name, policy, text);
}

const missingTags = (present: Tags, wanted: Tags): boolean =>
  wanted.some(({ key, value }) => !present.some((tag) => tag.key === key && tag.value === value));
