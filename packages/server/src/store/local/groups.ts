/** A page of a delimited listing: one seek for each common prefix, whatever lies below it. */
import { compareKeys, groupLength, prefixEnd, successor } from "../key-order.ts";
import type { GroupItem, Groups, GroupsPage } from "../port.ts";
import type { Tables } from "./tables.ts";

/** Rows copied ahead of a group are wasted, seeks between plain rows too: lmdb copies row by row, so this is cheap. */
export function groupsPage(tables: Tables, groups: Groups): GroupsPage {
  tables.refresh();
  const { prefix, delimiter, terminator, limit } = groups;
  const end = prefixEnd(prefix);
  const items: GroupItem[] = [];
  let start = firstKey(groups);
  while (start !== undefined && (end === undefined || compareKeys(start, end) < 0)) {
    let next: Uint8Array | undefined;
    for (const row of tables.range(groups.table, start, end, limit + 1 - items.length)) {
      if (items.length === limit) return { items, more: true };
      const length = groupLength(row.key, prefix.length, delimiter, terminator);
      if (length > 0) {
        const group = row.key.slice(0, length);
        items.push({ kind: "group", prefix: group });
        next = prefixEnd(group);
        break;
      }
      items.push({ kind: "row", row });
    }
    start = next;
  }
  return { items, more: false };
}

function firstKey({ prefix, after, afterIsGroup }: Groups): Uint8Array | undefined {
  if (after === undefined) return prefix;
  const start = afterIsGroup === true ? prefixEnd(after) : successor(after);
  if (start === undefined) return undefined;
  return compareKeys(start, prefix) < 0 ? prefix : start;
}
