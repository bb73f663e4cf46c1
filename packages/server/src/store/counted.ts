/**
 * Records that decide access or encryption, guarded against rollback (sealed format, section 6): each stands with a
 * counter in a list of its parent (an account, a bucket), and a change rewrites record, page and list head in one commit.
 * A record that is missing or older than its list says is corruption, also where the row looks fine by itself. With
 * everything unchanged a check costs two more raw gets (in the same call) and no cipher call.
 */
import { IntegrityError } from "../base/errors.ts";
import { LIST_PAGE_BYTES_MAX, LIST_PAGE_ENTRIES } from "../base/limits.ts";
import type { Codec } from "./codec.ts";
import {
  type Counted,
  countedCodec,
  entryBytes,
  entryName,
  headCodec,
  type ListHead,
  listKey,
  type ListPage,
  pageCodec,
} from "./list-page.ts";
import type { Expect, Row, RowKey } from "./port.ts";
import { type Entry, type Records, unchanged } from "./records.ts";
import type { Draft } from "./retry.ts";

/** A change to one counted record. The caller adds its own condition on the record's row (`Entry.rev` or absent). */
export type CountedWrite = RowKey &
  ({ readonly kind: "put"; put(meta: Meta): Draft } | { readonly kind: "delete" });
interface Meta {
  readonly counter: number;
  readonly page: number;
}

interface List {
  readonly head: Entry<ListHead> | undefined;
  /** By page number, from 1. */
  readonly pages: ReadonlyMap<number, Entry<ListPage>>;
}
/** A read is tried again when a change came between its two gets; more in a row than this is no race. */
const TORN_READS_MAX = 5;

export class CountedRecords {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  /** Throws IntegrityError if the row, or its absence, isn't what the parent's list says. */
  async get<T>(codec: Codec<T>, parent: Uint8Array, row: RowKey): Promise<Entry<T> | undefined> {
    return (await this.getSeen(codec, parent, row)).entry;
  }

  /** With the rows that the answer depends on, for {@link Remembered}. */
  async getSeen<T>(
    codec: Codec<T>,
    parent: Uint8Array,
    row: RowKey,
  ): Promise<{ readonly entry: Entry<T> | undefined; readonly seen: readonly Expect[] }> {
    let problem = "";
    let pages: readonly number[] = [1];
    for (let tries = 0; tries < TORN_READS_MAX; tries++) {
      const read = await this.#read(codec, parent, row, pages);
      if ("entry" in read) return read;
      problem = read.problem;
      pages = read.pages;
    }
    throw new IntegrityError(`${entryName(row.table, row.key)}: ${problem}`);
  }

  /** Puts a record: `draft` writes it with its list, and expects the list as it was read. */
  put<T>(codec: Codec<T>, row: RowKey, value: T): CountedWrite {
    const sealRow = ({ counter, page }: Meta): Draft => ({
      put: [this.#records.seal(countedCodec(codec), row.table, row.key, { counter, page, value })],
    });
    return { ...row, kind: "put", put: sealRow };
  }
  delete(row: RowKey): CountedWrite {
    return { ...row, kind: "delete" };
  }

  /**
   * The writes to `parent`'s records with what keeps its list in step. Part of the caller's commit. `admit` throws if the
   * records that there are leave no room: told of the very list that the commit expects, so that no quota is exceeded.
   */
  async draft(
    parent: Uint8Array,
    writes: readonly CountedWrite[],
    admit?: (records: number) => void,
  ): Promise<Draft> {
    const list = await this.#list(parent);
    admit?.([...list.pages.values()].reduce((sum, { value }) => sum + value.entries.size, 0));
    const counter = (list.head?.value.counter ?? 0) + 1;
    const counters = [...(list.head?.value.pages ?? [])];
    const changed = new Map<number, Map<string, number>>();
    const entriesOf = (page: number): Map<string, number> => {
      const entries = changed.get(page) ?? new Map(list.pages.get(page)?.value.entries ?? []);
      changed.set(page, entries);
      counters[page - 1] = counter;
      return entries;
    };
    const puts: NonNullable<Draft["put"]>[number][] = [];
    const removes: RowKey[] = [];
    for (const write of writes) {
      const name = entryName(write.table, write.key);
      const page = pageOf(name, list, changed) ?? roomyPage(name, list, changed);
      if (write.kind === "delete") {
        entriesOf(page).delete(name);
        removes.push({ table: write.table, key: write.key });
      } else {
        entriesOf(page).set(name, counter);
        puts.push(...(write.put({ counter, page }).put ?? []));
      }
    }
    for (const [page, entries] of changed) {
      puts.push(this.#records.seal(pageCodec, "list", listKey(parent, page), { counter, entries }));
    }
    this.#records.listWatcher?.note(parent, counter);
    const head = { counter, pages: Array.from(counters, (c) => c ?? counter) };
    puts.push(this.#records.seal(headCodec, "list", listKey(parent, 0), head));
    return { expect: [expectHead(parent, list.head)], put: puts, delete: removes };
  }

  /** Removes the parent's list, which must be empty: part of the commit that removes the parent. */
  async drop(parent: Uint8Array): Promise<Draft> {
    const list = await this.#list(parent);
    for (const { value } of list.pages.values()) {
      if (value.entries.size > 0) throw new Error("INVARIANT: a list is dropped when it is empty");
    }
    const pages = [...list.pages.values()].map(({ table, key }) => ({ table, key }));
    const head: RowKey[] = list.head === undefined ? [] : [{ table: "list", key: list.head.key }];
    return { expect: [expectHead(parent, list.head)], delete: [...head, ...pages] };
  }

  /** The list's counter, for audit checkpoints and `verify`; 0 if there is no list. */
  async counter(parent: Uint8Array): Promise<number> {
    return (await this.#list(parent)).head?.value.counter ?? 0;
  }

  /** Every entry of a parent's list, for listing and `verify`: row names (`entryRow`) and counters. */
  async entries(parent: Uint8Array): Promise<ReadonlyMap<string, number>> {
    const { pages } = await this.#list(parent);
    return new Map([...pages.values()].flatMap(({ value }) => [...value.entries]));
  }

  async #read<T>(
    codec: Codec<T>,
    parent: Uint8Array,
    at: RowKey,
    pageNumbers: readonly number[],
  ): Promise<
    { entry: Entry<T> | undefined; seen: readonly Expect[] } | { problem: string; pages: readonly number[] }
  > {
    const [row, headRow, ...pageRows] = await this.#records.store.get([
      at,
      listRow(parent, 0),
      ...pageNumbers.map((page) => listRow(parent, page)),
    ]);
    const head = await this.#open(headCodec, headRow);
    const record = row && (await this.#records.open(countedCodec(codec), at.table, row));
    if (head === undefined && pageRows.some((page) => page !== undefined)) {
      return { problem: "its list has pages but no head", pages: pageNumbers };
    }
    // An absent record must be absent from every page; a present one names its page.
    const needed =
      record === undefined ? (head?.value.pages ?? []).map((_, i) => i + 1) : [record.value.page];
    if (needed.some((page) => !pageNumbers.includes(page))) {
      return { problem: "its list has changed", pages: needed };
    }
    for (const page of needed) {
      const stored = await this.#open(pageCodec, pageRows[pageNumbers.indexOf(page)]);
      if (stored === undefined || stored.value.counter !== head?.value.pages[page - 1]) {
        return { problem: `page ${page} of its list is missing or old`, pages: pageNumbers };
      }
      const listed = stored.value.entries.get(entryName(at.table, at.key));
      if (listed !== record?.value.counter) {
        return { problem: "the record is missing or older than its list says", pages: pageNumbers };
      }
    }
    const pages = needed.map((page) => pageRows[pageNumbers.indexOf(page)]);
    const seen = [seenAs(at, row), seenAs(listRow(parent, 0), headRow)];
    for (const page of pages)
      if (page !== undefined) seen.push(seenAs({ table: "list", key: page.key }, page));
    return { entry: record && plainEntry(record), seen };
  }

  async #open<T>(codec: Codec<T>, row: Row | undefined): Promise<Entry<T> | undefined> {
    return row && this.#records.open(codec, "list", row);
  }

  /** Head and all pages. Throws IntegrityError if a page doesn't fit the head. */
  async #list(parent: Uint8Array): Promise<List> {
    for (let tries = 0; tries < TORN_READS_MAX; tries++) {
      const [headRow] = await this.#records.store.get([listRow(parent, 0)]);
      const head = await this.#open(headCodec, headRow);
      const numbers = (head?.value.pages ?? []).map((_, i) => i + 1);
      const rows = await this.#records.store.get(numbers.map((page) => listRow(parent, page)));
      const pages = new Map<number, Entry<ListPage>>();
      for (const [i, row] of rows.entries()) {
        const page = await this.#open(pageCodec, row);
        if (page !== undefined && page.value.counter === head?.value.pages[i]) pages.set(i + 1, page);
      }
      if (pages.size === numbers.length) return { head, pages };
    }
    throw new IntegrityError("a list's pages don't fit its head");
  }
}

const listRow = (parent: Uint8Array, page: number): RowKey => ({
  table: "list",
  key: listKey(parent, page),
});

const seenAs = ({ table, key }: RowKey, row: Row | undefined): Expect => ({
  table,
  key,
  rev: row?.rev ?? "absent",
});

/** The head changes with every change of the list, so one condition covers all pages. */
const expectHead = (
  parent: Uint8Array,
  head: Entry<ListHead> | undefined,
): NonNullable<Draft["expect"]>[number] =>
  head === undefined ? { ...listRow(parent, 0), rev: "absent" } : unchanged(head);

const plainEntry = <T>({ table, key, rev, value }: Entry<Counted<T>>): Entry<T> => ({
  table,
  key,
  rev,
  value: value.value,
});

type Changed = ReadonlyMap<number, ReadonlyMap<string, number>>;

function pageOf(name: string, list: List, changed: Changed): number | undefined {
  for (const [page, entries] of changed) if (entries.has(name)) return page;
  for (const [page, { value }] of list.pages) {
    if (!changed.has(page) && value.entries.has(name)) return page;
  }
  return undefined;
}

/** The first page with room for one more entry, or a new one. */
function roomyPage(name: string, list: List, changed: Changed): number {
  const count = Math.max(list.pages.size, ...changed.keys());
  for (let page = 1; page <= count; page++) {
    const entries = changed.get(page) ?? list.pages.get(page)?.value.entries ?? new Map<string, number>();
    if (entries.size >= LIST_PAGE_ENTRIES) continue;
    let size = entryBytes(name);
    for (const other of entries.keys()) size += entryBytes(other);
    if (size <= LIST_PAGE_BYTES_MAX) return page;
  }
  return count + 1;
}
