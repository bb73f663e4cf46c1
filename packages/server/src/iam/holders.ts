/** What users, groups and roles have in common as holders of policies: written back, tagged, renamed, taken away alike. */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import type { Change, Directory } from "./directory.ts";
import { need, rename, withoutTags, withTags } from "./entities.ts";
import { type EntityOf, type HolderKind, type Tags, usageRow } from "./entity-records.ts";

export function writeHolder(change: Change, holder: EntityOf<HolderKind>): void {
  switch (holder.kind) {
    case "User":
      return change.entity("User", holder);
    case "Group":
      return change.entity("Group", holder);
    case "Role":
      return change.entity("Role", holder);
  }
}

export function tagHolder(
  d: Directory,
  account: AccountId,
  kind: "User" | "Role",
  name: string,
  tags: Tags,
): Promise<void> {
  return d.change(account, async (change) => {
    const holder = await need(d, account, kind, name);
    writeHolder(change, { ...holder, tags: withTags(holder.tags, tags) });
  });
}

export function untagHolder(
  d: Directory,
  account: AccountId,
  kind: "User" | "Role",
  name: string,
  keys: readonly string[],
): Promise<void> {
  return d.change(account, async (change) => {
    const holder = await need(d, account, kind, name);
    writeHolder(change, { ...holder, tags: withoutTags(holder.tags, keys) });
  });
}

/** Under another name, another path, or both. */
export function renameHolder<K extends "User" | "Group">(
  d: Directory,
  account: AccountId,
  kind: K,
  name: string,
  to: { readonly name?: string | undefined; readonly path?: string | undefined },
): Promise<void> {
  return d.change(account, async (change) => {
    const holder = await need(d, account, kind, name);
    await rename(d, change, kind, holder, {
      ...holder,
      name: to.name ?? holder.name,
      path: to.path ?? holder.path,
    });
  });
}

/** The last step of a deletion. Throws DeleteConflict while there are policies on it. */
export function removeHolder(change: Change, holder: EntityOf<HolderKind>): void {
  if (holder.inline.length > 0) fail("DeleteConflict", "Cannot delete entity, must delete policies first.");
  if (holder.attached.length > 0)
    fail("DeleteConflict", "Cannot delete entity, must detach all policies first.");
  if ("boundary" in holder && holder.boundary !== undefined)
    change.unindex(usageRow(change.account, holder.boundary, "boundary", holder.id));
  change.displace(holder);
}
