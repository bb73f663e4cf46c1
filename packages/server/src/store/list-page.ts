/** The bodies of counted records and of their lists (sealed format, section 6, Rollback). */
import type { Codec } from "./codec.ts";
import { bytesOfHex, hexOf } from "./key-order.ts";
import { BodyReader, concat, u32, u64 } from "./key-bytes.ts";
import type { TableName } from "./port.ts";
import { TABLES } from "./port.ts";

/** A list's head: its counter rises with every change; each page stands here with the counter of its last change. */
export interface ListHead {
  readonly counter: number;
  readonly pages: readonly number[];
}
/** A page: which records there are, each with the list's counter at its last change. */
export interface ListPage {
  readonly counter: number;
  readonly entries: ReadonlyMap<string, number>;
}
/** A record that stands in a list: the counter and the page (from 1) at its last change. */
export interface Counted<T> {
  readonly counter: number;
  readonly page: number;
  readonly value: T;
}

/** Row key = parent || page number; the head is page 0. */
export const listKey = (parent: Uint8Array, page: number): Uint8Array => concat(parent, u32(page));

/** How an entry is named in its page: the table's place in TABLES is not stable, its name is. */
export const entryName = (table: TableName, key: Uint8Array): string => `${table}/${hexOf(key)}`;
export function entryRow(name: string): { readonly table: TableName; readonly key: Uint8Array } | undefined {
  const slash = name.indexOf("/");
  const table = TABLES.find((t) => t === name.slice(0, slash));
  return table === undefined ? undefined : { table, key: bytesOfHex(name.slice(slash + 1)) };
}
/** What an entry takes in its page, roughly. */
export const entryBytes = (name: string): number => 12 + name.length;

export const headCodec: Codec<ListHead> = {
  version: 1,
  encode: ({ counter, pages }) =>
    concat(Uint8Array.of(1), u64(counter), u32(pages.length), ...pages.map((page) => u64(page))),
  decode: (body) => {
    const reader = new BodyReader(body, "a list head");
    reader.version(1);
    const counter = reader.u64();
    const pages = Array.from({ length: reader.u32() }, () => reader.u64());
    reader.end();
    return { counter, pages };
  },
};

export const pageCodec: Codec<ListPage> = {
  version: 1,
  encode: ({ counter, entries }) => {
    const parts = [Uint8Array.of(1), u64(counter), u32(entries.size)];
    for (const [name, at] of entries) {
      const bytes = new TextEncoder().encode(name);
      parts.push(u32(bytes.length), bytes, u64(at));
    }
    return concat(...parts);
  },
  decode: (body) => {
    const reader = new BodyReader(body, "a list page");
    reader.version(1);
    const counter = reader.u64();
    const entries = new Map<string, number>();
    for (let left = reader.u32(); left > 0; left--) {
      const name = new TextDecoder().decode(reader.take(reader.u32()));
      entries.set(name, reader.u64());
    }
    reader.end();
    return { counter, entries };
  },
};

const countedCodecs = new WeakMap<object, unknown>();

/** version(1) || counter(8) || page(4) || the record's own body. One codec for each inner one, so that caches hold. */
export function countedCodec<T>(inner: Codec<T>): Codec<Counted<T>> {
  const known = countedCodecs.get(inner);
  // Made below for this very codec, so of its type.
  if (known !== undefined) return known as Codec<Counted<T>>;
  const codec: Codec<Counted<T>> = {
    version: 1,
    encode: ({ counter, page, value }) =>
      concat(Uint8Array.of(1), u64(counter), u32(page), inner.encode(value)),
    decode: (body) => {
      const reader = new BodyReader(body, "a counted record");
      reader.version(1);
      return { counter: reader.u64(), page: reader.u32(), value: inner.decode(reader.rest()) };
    },
  };
  countedCodecs.set(inner, codec);
  return codec;
}
