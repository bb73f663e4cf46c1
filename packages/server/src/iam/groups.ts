/** Groups: a place for policies that several users share. */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { GROUPS_PER_ACCOUNT_MAX } from "../base/limits.ts";
import { newUniqueId } from "../base/random-text.ts";
import type { Directory } from "./directory.ts";
import { need, needRoom } from "./entities.ts";
import type { Group } from "./entity-records.ts";
import { removeHolder } from "./holders.ts";
import { membersOf } from "./users.ts";

export function createGroup(
  d: Directory,
  account: AccountId,
  input: { readonly name: string; readonly path: string },
): Promise<Group> {
  const id = newUniqueId("AGPA");
  return d.change(account, async (change) => {
    await needRoom(d, account, "Group", input.name, GROUPS_PER_ACCOUNT_MAX);
    const group: Group = {
      kind: "Group",
      id,
      name: input.name,
      path: input.path,
      createdMs: d.clock.now(),
      inline: [],
      attached: [],
    };
    change.place("Group", group);
    return group;
  });
}

export function deleteGroup(d: Directory, account: AccountId, name: string): Promise<void> {
  return d.change(account, async (change) => {
    const group = await need(d, account, "Group", name);
    if ((await membersOf(d, account, group)).length > 0)
      fail("DeleteConflict", "Cannot delete entity, must remove users from group first.");
    removeHolder(change, group);
  });
}
