/** Roles. The trust policy is the role's resource policy; its principals are bound to unique ids when it is put. */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { ROLES_PER_ACCOUNT_MAX } from "../base/limits.ts";
import { newUniqueId } from "../base/random-text.ts";
import { indexBoundary, needAttachable } from "./attachments.ts";
import type { Directory } from "./directory.ts";
import { checkTrustSize, refuseDocument } from "./documents.ts";
import { need, needRoom, withTags } from "./entities.ts";
import type { Role, Tags } from "./entity-records.ts";
import { removeHolder } from "./holders.ts";
import { bindPrincipals } from "./principals.ts";

export const SESSION_SECONDS_STANDARD = 3600;

export interface NewRole {
  readonly name: string;
  readonly path: string;
  readonly trust: string;
  readonly description?: string | undefined;
  readonly maxSessionSeconds?: number | undefined;
  readonly boundary?: string | undefined;
  readonly tags: Tags;
}

/** Throws MalformedPolicyDocument, also for principals that do not exist. */
async function boundTrust(d: Directory, text: string): Promise<Pick<Role, "trust" | "trustBindings">> {
  checkTrustSize(text);
  const bound = await bindPrincipals(d, text, "trust");
  if (!bound.ok) return refuseDocument(bound.failure);
  return { trust: text, trustBindings: Object.fromEntries(bound.policy.bindings) };
}

export async function createRole(d: Directory, account: AccountId, input: NewRole): Promise<Role> {
  const tags = withTags([], input.tags);
  const id = newUniqueId("AROA");
  return d.change(account, async (change) => {
    await needRoom(d, account, "Role", input.name, ROLES_PER_ACCOUNT_MAX);
    if (input.boundary !== undefined) await needAttachable(d, account, input.boundary);
    const role: Role = {
      kind: "Role",
      id,
      name: input.name,
      path: input.path,
      createdMs: d.clock.now(),
      inline: [],
      attached: [],
      ...(input.description === undefined ? {} : { description: input.description }),
      maxSessionSeconds: input.maxSessionSeconds ?? SESSION_SECONDS_STANDARD,
      ...(await boundTrust(d, input.trust)),
      ...(input.boundary === undefined ? {} : { boundary: input.boundary }),
      tags,
    };
    change.place("Role", role);
    if (input.boundary !== undefined) indexBoundary(change, input.boundary, id);
    return role;
  });
}

export function updateRole(
  d: Directory,
  account: AccountId,
  name: string,
  to: { readonly description?: string | undefined; readonly maxSessionSeconds?: number | undefined },
): Promise<Role> {
  return d.change(account, async (change) => {
    const before = await need(d, account, "Role", name);
    const role: Role = {
      ...before,
      ...(to.description === undefined ? {} : { description: to.description }),
      maxSessionSeconds: to.maxSessionSeconds ?? before.maxSessionSeconds,
    };
    change.entity("Role", role);
    return role;
  });
}

export function updateTrust(d: Directory, account: AccountId, name: string, trust: string): Promise<void> {
  return d.change(account, async (change) => {
    const role = await need(d, account, "Role", name);
    change.entity("Role", { ...role, ...(await boundTrust(d, trust)) });
  });
}

export function deleteRole(d: Directory, account: AccountId, name: string): Promise<void> {
  return d.change(account, async (change) => {
    const role = await need(d, account, "Role", name);
    removeHolder(change, role);
  });
}

/** The account and role that an ARN names. Throws ValidationError for what is no role's ARN. */
export function parseRoleArn(arn: string): { readonly account: string; readonly name: string } {
  const [, account, name] = /^arn:aws:iam::([0-9]{12}):role\/(?:[!-~]*\/)?([\w+=,.@-]+)$/.exec(arn) ?? [];
  if (account === undefined || name === undefined) return fail("ValidationError", `${arn} is invalid`);
  return { account, name };
}
