/** Users and their groups. Everything refers to a user by unique id, so a new name changes nobody's rights. */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { GROUPS_PER_USER_MAX, USERS_PER_ACCOUNT_MAX } from "../base/limits.ts";
import { newUniqueId } from "../base/random-text.ts";
import { indexBoundary, needAttachable } from "./attachments.ts";
import type { Directory } from "./directory.ts";
import { need, needRoom, withTags } from "./entities.ts";
import {
  type Group,
  lastPart,
  markCodec,
  memberPrefix,
  memberRow,
  type Tags,
  type User,
} from "./entity-records.ts";
import { removeHolder } from "./holders.ts";

export interface NewUser {
  readonly name: string;
  readonly path: string;
  readonly boundary?: string | undefined;
  readonly tags: Tags;
}

export async function createUser(d: Directory, account: AccountId, input: NewUser): Promise<User> {
  const tags = withTags([], input.tags);
  const id = newUniqueId("AIDA");
  return d.change(account, async (change) => {
    await needRoom(d, account, "User", input.name, USERS_PER_ACCOUNT_MAX);
    if (input.boundary !== undefined) await needAttachable(d, account, input.boundary);
    const user: User = {
      kind: "User",
      id,
      name: input.name,
      path: input.path,
      createdMs: d.clock.now(),
      inline: [],
      attached: [],
      groups: [],
      accessKeys: [],
      ...(input.boundary === undefined ? {} : { boundary: input.boundary }),
      tags,
    };
    change.place("User", user);
    if (input.boundary !== undefined) indexBoundary(change, input.boundary, id);
    return user;
  });
}

export function deleteUser(d: Directory, account: AccountId, name: string): Promise<void> {
  return d.change(account, async (change) => {
    const user = await need(d, account, "User", name);
    if (user.accessKeys.length > 0)
      fail("DeleteConflict", "Cannot delete entity, must delete access keys first.");
    if (user.groups.length > 0) fail("DeleteConflict");
    removeHolder(change, user);
  });
}

/** Adding a member again is no error. */
export function addToGroup(d: Directory, account: AccountId, groupName: string, name: string): Promise<void> {
  return d.change(account, async (change) => {
    const group = await need(d, account, "Group", groupName);
    const user = await need(d, account, "User", name);
    if (user.groups.includes(group.id)) return;
    if (user.groups.length >= GROUPS_PER_USER_MAX)
      fail("LimitExceeded", `Cannot exceed quota for GroupsPerUser: ${GROUPS_PER_USER_MAX}`);
    change.entity("User", { ...user, groups: [...user.groups, group.id] });
    change.index(markCodec, memberRow(group.id, user.id), true);
  });
}

export function removeFromGroup(
  d: Directory,
  account: AccountId,
  groupName: string,
  name: string,
): Promise<void> {
  return d.change(account, async (change) => {
    const group = await need(d, account, "Group", groupName);
    const user = await need(d, account, "User", name);
    if (!user.groups.includes(group.id))
      fail("NoSuchEntity", `User ${user.name} is not in group ${group.name}.`);
    change.entity("User", { ...user, groups: user.groups.filter((id) => id !== group.id) });
    change.unindex(memberRow(group.id, user.id));
  });
}

/** In the order of their names. */
export async function groupsOf(d: Directory, account: AccountId, user: User): Promise<readonly Group[]> {
  const groups = await Promise.all(user.groups.map((id) => d.byIdOf(account, "Group", id)));
  return groups.filter((group) => group !== undefined).toSorted(byName);
}
export async function membersOf(d: Directory, account: AccountId, group: Group): Promise<readonly User[]> {
  const members: User[] = [];
  for (const key of await d.keys(memberPrefix(group.id))) {
    const user = await d.byIdOf(account, "User", lastPart(key));
    if (user?.groups.includes(group.id) === true) members.push(user);
  }
  return members.toSorted(byName);
}

/** The order of listings: names, ignoring case. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1;
}
