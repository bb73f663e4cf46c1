/**
 * Pages of lists. A marker is the name of the last entry shown, sealed and bound to what is listed: entries come in the
 * order of their names, so changes in between neither skip nor repeat those that stay.
 */
import { fail } from "../base/errors.ts";
import type { Tokens } from "../store/tokens.ts";

export interface Paging {
  readonly maxItems?: number | undefined;
  readonly marker?: string | undefined;
}
export interface Page<T> {
  readonly items: readonly T[];
  /** Present exactly if there is more. */
  readonly marker: string | undefined;
}
const ITEMS_STANDARD = 100;

/** `from` gives the entries after a name, in order. `list` names operation, account and filter. */
export async function pageOf<T>(
  tokens: Tokens,
  list: readonly string[],
  { maxItems = ITEMS_STANDARD, marker }: Paging,
  from: (after: string | undefined) => AsyncIterable<T> | Iterable<T>,
  nameOf: (item: T) => string,
): Promise<Page<T>> {
  const purpose = `iam/${JSON.stringify(list)}`;
  const after = marker === undefined ? undefined : openMarker(tokens, purpose, marker);
  const items: T[] = [];
  for await (const item of from(after)) {
    if (items.length === maxItems) {
      const last = items.at(-1);
      return { items, marker: last === undefined ? undefined : tokens.seal(purpose, nameOf(last)) };
    }
    items.push(item);
  }
  return { items, marker: undefined };
}

function openMarker(tokens: Tokens, purpose: string, marker: string): string {
  return tokens.tryOpen(purpose, marker) ?? fail("ValidationError", "Invalid Marker.");
}

/** Entries that are all at hand, in the order of the names given. */
export function laterThan<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
): (after: string | undefined) => readonly T[] {
  const sorted = items.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return (after) => (after === undefined ? sorted : sorted.filter((item) => nameOf(item) > after));
}

export async function* filtered<T>(items: AsyncIterable<T>, keep: (item: T) => boolean): AsyncGenerator<T> {
  for await (const item of items) if (keep(item)) yield item;
}
