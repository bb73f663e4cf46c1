/**
 * Pages of lists (spec kms 13.2). A marker is the name of the last entry shown, sealed and bound to the operation and its
 * filter: entries come in the order of their names, so changes in between neither skip nor repeat those that stay.
 */
import { fail } from "../base/errors.ts";
import type { Kernel } from "./kernel.ts";

export interface Paging {
  readonly limit?: number | undefined;
  readonly marker?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Present exactly if there is more. */
  readonly nextMarker?: string;
}

export interface Found<T> {
  readonly items: readonly T[];
  /** The name to go on after, if there is more. A page may be short, even empty, and still have more after it. */
  readonly next: string | undefined;
}

interface ListName {
  readonly operation: string;
  /** What the list is of: account, key ARN, filter. */
  readonly scope: string;
}

/** The model lets every Limit reach 1000; above an operation's own maximum it is clamped quietly. */
export async function pageOf<T>(
  k: Kernel,
  list: ListName,
  { limit, marker }: Paging,
  bounds: { readonly standard: number; readonly max: number },
  find: (after: string | undefined, limit: number) => Found<T> | Promise<Found<T>>,
): Promise<Page<T>> {
  const purpose = `kms/${list.operation}/${list.scope}`;
  const after = marker === undefined ? undefined : openMarker(k, purpose, marker);
  const { items, next } = await find(after, Math.min(limit ?? bounds.standard, bounds.max));
  return next === undefined ? { items } : { items, nextMarker: k.tokens.seal(purpose, next) };
}

/** A page of what is all in memory, in the order of names. */
export function pageOfAll<T>(
  all: readonly T[],
  nameOf: (item: T) => string,
  after: string | undefined,
  limit: number,
): Found<T> {
  const sorted = all.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const later = after === undefined ? sorted : sorted.filter((item) => nameOf(item) > after);
  const items = later.slice(0, limit);
  const last = items.at(-1);
  return { items, next: later.length > limit && last !== undefined ? nameOf(last) : undefined };
}

function openMarker(k: Kernel, purpose: string, marker: string): string {
  const text = k.tokens.tryOpen(purpose, marker);
  return text ?? fail("InvalidMarkerException");
}
