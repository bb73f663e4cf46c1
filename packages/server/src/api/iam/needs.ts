/** What operations ask the authoriser for: the action on the ARN of the entity, with what is known of it as conditions. */
import { fail } from "../../base/errors.ts";
import type { KeyOwner } from "../../iam/access-keys.ts";
import { arnOf, type Entity, type HolderKind, type Tags } from "../../iam/entity-records.ts";
import { findPolicy } from "../../iam/managed-policies.ts";
import type { Need } from "../query/operation.ts";
import type { IamCall } from "./call.ts";

type Values = Map<string, string | readonly string[]>;
export interface Asked {
  readonly tags?: Tags | undefined;
  readonly tagKeys?: readonly string[] | undefined;
  readonly policyArn?: string | undefined;
  readonly boundary?: string | undefined;
}

function conditions(entity: Entity | undefined, asked: Asked): Values {
  const values: Values = new Map();
  if (entity !== undefined && "tags" in entity) {
    for (const { key, value } of entity.tags) {
      values.set(`aws:resourcetag/${key.toLowerCase()}`, value);
      values.set(`iam:resourcetag/${key.toLowerCase()}`, value);
    }
  }
  const boundary =
    asked.boundary ?? (entity !== undefined && "boundary" in entity ? entity.boundary : undefined);
  if (boundary !== undefined) values.set("iam:permissionsboundary", boundary);
  if (asked.policyArn !== undefined) values.set("iam:policyarn", asked.policyArn);
  for (const { key, value } of asked.tags ?? []) values.set(`aws:requesttag/${key.toLowerCase()}`, value);
  const keys = asked.tagKeys ?? asked.tags?.map(({ key }) => key) ?? [];
  if (keys.length > 0) values.set("aws:tagkeys", keys);
  return values;
}

/** On a user, group or role by name; one that is not there has the ARN that its name would give it at the top. */
export async function onHolder(
  call: IamCall,
  action: string,
  kind: HolderKind,
  name: string,
  asked: Asked = {},
): Promise<readonly Need[]> {
  const entity = await call.directory.find(call.account, kind, name);
  const resource = arnOf(call.account, entity ?? { kind, path: "/", name });
  return [{ action: `iam:${action}`, resource, conditions: conditions(entity, asked) }];
}

/** On one that gets another name or path: on what it is and on what it becomes, as AWS asks. */
export async function onRenamed(
  call: IamCall,
  action: string,
  kind: "User" | "Group",
  name: string,
  to: { readonly name?: string | undefined; readonly path?: string | undefined },
): Promise<readonly Need[]> {
  const entity = await call.directory.find(call.account, kind, name);
  const before = entity ?? { kind, path: "/", name };
  const after = { kind, path: to.path ?? before.path, name: to.name ?? before.name };
  const resources = new Set([arnOf(call.account, before), arnOf(call.account, after)]);
  return [...resources].map((resource) => ({
    action: `iam:${action}`,
    resource,
    conditions: conditions(entity, {}),
  }));
}

/** On one that is about to be made. Tags that it is made with need what they would need later: iam:TagUser, iam:TagRole. */
export function onNew(
  call: IamCall,
  action: string,
  entity: Pick<Entity, "kind" | "path" | "name">,
  asked: Asked = {},
): readonly Need[] {
  const resource = arnOf(call.account, entity);
  const tagged = asked.tags !== undefined && asked.tags.length > 0;
  return [action, ...(tagged ? [`Tag${entity.kind}`] : [])].map((name) => ({
    action: `iam:${name}`,
    resource,
    conditions: conditions(undefined, asked),
  }));
}

/** On a managed policy by ARN. Throws ValidationError for what is none. */
export async function onPolicy(
  call: IamCall,
  action: string,
  arn: string,
  asked: Asked = {},
): Promise<readonly Need[]> {
  const found = await findPolicy(call.directory, call.account, arn);
  return [{ action: `iam:${action}`, resource: arn, conditions: conditions(found?.policy, asked) }];
}

/** On all of a kind: `arn:aws:iam::111122223333:user/`. */
export const onKind = (call: IamCall, action: string, kind: Entity["kind"]): readonly Need[] => [
  { action: `iam:${action}`, resource: `arn:aws:iam::${call.account}:${kind.toLowerCase()}/` },
];
export const onAccount = (action: string): readonly Need[] => [{ action: `iam:${action}`, resource: "*" }];

/** Whose access keys are meant when no user is named: the caller's own. */
export function ownerOf(call: IamCall, userName: string | undefined): KeyOwner {
  if (userName !== undefined) return { kind: "user", name: userName };
  const { principal } = call.caller;
  if (principal.kind === "root") return { kind: "root" };
  if (principal.kind === "user") return { kind: "user", name: principal.name };
  return fail("ValidationError", "Must specify userName when calling with non-User credentials");
}
export function onOwner(
  call: IamCall,
  action: string,
  owner: KeyOwner,
): readonly Need[] | Promise<readonly Need[]> {
  if (owner.kind === "user") return onHolder(call, action, "User", owner.name);
  return [{ action: `iam:${action}`, resource: `arn:aws:iam::${call.account}:root` }];
}
