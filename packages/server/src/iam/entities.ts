/** What users, groups, roles and managed policies have in common: names, paths, tags, and how they are missed. */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { IDENTITY_TAGS_BYTES_MAX, IDENTITY_TAGS_MAX } from "../base/limits.ts";
import type { Change, Directory } from "./directory.ts";
import {
  arnOf,
  type Entity,
  type EntityKind,
  type EntityOf,
  entityRow,
  type HolderKind,
  type Tags,
} from "./entity-records.ts";

/** Throws NoSuchEntity. */
export async function need<K extends HolderKind>(
  d: Directory,
  account: AccountId,
  kind: K,
  name: string,
): Promise<EntityOf<K>> {
  const found = await d.find(account, kind, name);
  return found ?? fail("NoSuchEntity", `The ${kind.toLowerCase()} with name ${name} cannot be found.`);
}

/** Throws EntityAlreadyExists, LimitExceeded. */
export async function needRoom(
  d: Directory,
  account: AccountId,
  kind: HolderKind,
  name: string,
  max: number,
): Promise<void> {
  if ((await d.find(account, kind, name)) !== undefined)
    fail("EntityAlreadyExists", `${kind} with name ${name} already exists.`);
  if ((await d.count(account, kind)) >= max)
    fail("LimitExceeded", `Cannot exceed quota for ${kind}sPerAccount: ${max}`);
}

/** Under another name or path. The unique id stays, and with it whatever refers to the entity. */
export async function rename<K extends "User" | "Group">(
  d: Directory,
  change: Change,
  kind: K,
  before: EntityOf<K>,
  after: EntityOf<K>,
): Promise<void> {
  if (before.name.toLowerCase() !== after.name.toLowerCase()) {
    if ((await d.find(change.account, kind, after.name)) !== undefined)
      fail("EntityAlreadyExists", `${kind} with name ${after.name} already exists.`);
    change.delete(entityRow(change.account, kind, before.name));
  }
  change.place(kind, after);
}

/** Throws InvalidInput, LimitExceeded. Keys are unique ignoring case; a later value replaces an earlier one. */
export function withTags(present: Tags, given: Tags): Tags {
  const names = given.map((tag) => tag.key.toLowerCase());
  if (new Set(names).size !== names.length)
    fail("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  for (const { key } of given) {
    if (key.toLowerCase().startsWith("aws:")) fail("InvalidInput", "Tag keys may not start with aws:.");
  }
  const kept = present.filter((tag) => !names.includes(tag.key.toLowerCase()));
  const all = [...kept, ...given];
  if (all.length > IDENTITY_TAGS_MAX)
    fail("LimitExceeded", `Cannot exceed quota for TagsPerResource: ${IDENTITY_TAGS_MAX}`);
  if (Buffer.byteLength(JSON.stringify(all)) > IDENTITY_TAGS_BYTES_MAX)
    fail("LimitExceeded", `The tags of one resource may have ${IDENTITY_TAGS_BYTES_MAX} bytes together.`);
  return all;
}
export function withoutTags(present: Tags, keys: readonly string[]): Tags {
  const gone = new Set(keys.map((key) => key.toLowerCase()));
  return present.filter((tag) => !gone.has(tag.key.toLowerCase()));
}

/** Name and path out of an ARN of this account; undefined for anything else. */
export function nameInArn(account: AccountId, kind: EntityKind, arn: string): string | undefined {
  const prefix = `arn:aws:iam::${account}:${kind.toLowerCase()}/`;
  if (!arn.startsWith(prefix)) return undefined;
  const name = arn.slice(arn.lastIndexOf("/") + 1);
  return name === "" ? undefined : name;
}

/** ARNs are compared as written; names alone ignore case. */
export const hasArn = (account: AccountId, entity: Entity, arn: string): boolean =>
  arnOf(account, entity) === arn;
