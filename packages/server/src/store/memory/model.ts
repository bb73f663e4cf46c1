/**
 * The port in memory: slow and plainly right. It is the reference that other homes are compared with, and the home of
 * other layers' tests. Several stores opened on one model behave like several processes on one directory.
 */
import { assert, IntegrityError } from "../../base/errors.ts";
import type { BlobId } from "../../base/ids.ts";
import { checkCommit, checkKeys } from "../bounds.ts";
import { bytesOfHex, compareKeys, equalBytes, hexOf, startsWith } from "../key-order.ts";
import type {
  Blobs,
  Commit,
  CommitResult,
  Expect,
  GroupItem,
  Groups,
  GroupsPage,
  Row,
  RowKey,
  Scan,
  ScanPage,
  Sealed,
  Store,
  TableName,
  WriteState,
} from "../port.ts";
import { crc32cSlow } from "./crc32c-slow.ts";

/** What befalls the next commit. `unknown` is a lost answer, whether or not the commit was applied. */
export type Fault =
  | { readonly kind: "unknown"; readonly applied: boolean }
  | { readonly kind: "conflict" }
  | { readonly kind: "delay"; readonly ms: number };

export class MemoryModel {
  readonly #tables = new Map<TableName, Map<string, Row>>();
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #faults: Fault[] = [];
  #state: WriteState = { kind: "ok" };
  #clockMs: (() => number) | undefined;

  open(): Store {
    return {
      get: (keys) => this.#get(keys),
      holds: (expect) => Promise.resolve(expect.every((e) => this.#holds(e))),
      use: (row, use) => this.#use(row, use),
      commit: (commit) => this.#commit(commit),
      scan: (scan) => this.#scan(scan),
      groups: (groups) => this.#groups(groups),
      now: () => Promise.resolve((this.#clockMs ?? Date.now)()),
      blobs: this.#blobPort(),
      writable: () => this.#state,
      close: () => Promise.resolve(),
    };
  }

  /** Queues a fault for one of the next commits, first come first served. */
  inject(...faults: readonly Fault[]): void {
    this.#faults.push(...faults);
  }
  setWritable(state: WriteState): void {
    this.#state = state;
  }
  setClock(now: () => number): void {
    this.#clockMs = now;
  }
  /** Damages a stored row as an outsider could: keeps or replaces its revision, or removes the row. */
  tamper(table: TableName, key: Uint8Array, row: Row | undefined): void {
    if (row === undefined) this.#table(table).delete(hexOf(key));
    else this.#table(table).set(hexOf(key), row);
  }

  #table(name: TableName): Map<string, Row> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new Map();
      this.#tables.set(name, table);
    }
    return table;
  }

  #row(at: RowKey): Row | undefined {
    return this.#table(at.table).get(hexOf(at.key));
  }

  #holds(expect: Expect): boolean {
    const row = this.#row(expect);
    if (expect.rev === "absent") return row === undefined;
    return row !== undefined && (expect.rev === "present" || equalBytes(row.rev, expect.rev));
  }

  async #get(keys: readonly RowKey[]): Promise<readonly (Row | undefined)[]> {
    checkKeys(keys);
    return keys.map((key) => copyRow(this.#row(key)));
  }

  /** Nothing is left of the copy: who kept a view of it is found out. */
  async #use<T>(row: RowKey, use: (value: Sealed | undefined) => T): Promise<T> {
    const [found] = await this.#get([row]);
    try {
      return use(found?.value);
    } finally {
      found?.value.fill(0);
    }
  }

  async #commit(commit: Commit): Promise<CommitResult> {
    checkCommit(commit);
    const written = [...(commit.put ?? []), ...(commit.delete ?? [])].map((w) => w.table + hexOf(w.key));
    assert(new Set(written).size === written.length, "a row is written at most once in a commit");
    const fault = this.#faults.shift();
    if (fault?.kind === "delay") await new Promise((done) => setTimeout(done, fault.ms));
    if (fault?.kind === "unknown" && !fault.applied) return { kind: "unknown" };
    if (fault?.kind === "conflict") {
      const at = commit.expect?.[0] ?? commit.put?.[0] ?? commit.delete?.[0];
      if (at !== undefined) return { kind: "conflict", at: { table: at.table, key: at.key } };
    }
    for (const expect of commit.expect ?? []) {
      if (!this.#holds(expect)) return { kind: "conflict", at: { table: expect.table, key: expect.key } };
    }
    for (const { table, key, value } of commit.put ?? []) {
      this.#table(table).set(hexOf(key), copyRow({ key, value, rev: commit.id }));
    }
    for (const { table, key } of commit.delete ?? []) this.#table(table).delete(hexOf(key));
    return { kind: fault?.kind === "unknown" ? "unknown" : "ok" };
  }

  #sorted(table: TableName): Row[] {
    return [...this.#table(table).values()].toSorted((a, b) => compareKeys(a.key, b.key));
  }

  #scan(scan: Scan): Promise<ScanPage> {
    const { from, to, after, limit } = scan;
    const all = this.#sorted(scan.table)
      .filter((row) => compareKeys(row.key, from) >= 0)
      .filter((row) => to === undefined || compareKeys(row.key, to) < 0)
      .filter((row) => after === undefined || compareKeys(row.key, after) > 0)
      .map((row) => copyRow(scan.keysOnly === true ? { ...row, value: new Uint8Array() as Sealed } : row));
    const rows: Row[] = [];
    let size = 0;
    for (const row of all.slice(0, limit)) {
      size += row.key.length + row.value.length;
      if (rows.length > 0 && size > (scan.maxBytes ?? Infinity)) break;
      rows.push(row);
    }
    return Promise.resolve({ rows, more: rows.length < all.length });
  }

  #groups({ table, prefix, delimiter, terminator, after, afterIsGroup, limit }: Groups): Promise<GroupsPage> {
    const items: GroupItem[] = [];
    const seen = new Set<string>();
    const delimiterHex = hexOf(delimiter);
    for (const row of this.#sorted(table)) {
      if (!startsWith(row.key, prefix)) continue;
      if (after !== undefined && compareKeys(row.key, after) <= 0) continue;
      if (after !== undefined && afterIsGroup === true && startsWith(row.key, after)) continue;
      // Strings of hex pairs, so that the search shares no code with the homes that are compared with this one.
      const pairs = hexPairs(row.key.subarray(prefix.length));
      const stop = terminator === undefined ? -1 : findPairs(pairs, hexOf(terminator));
      const at =
        delimiter.length === 0 ? -1 : findPairs(pairs.slice(0, stop < 0 ? undefined : stop), delimiterHex);
      if (at < 0) {
        items.push({ kind: "row", row: copyRow(row) });
        continue;
      }
      const group = row.key.slice(0, prefix.length + at + delimiter.length);
      if (!seen.has(hexOf(group))) items.push({ kind: "group", prefix: group });
      seen.add(hexOf(group));
    }
    return Promise.resolve({ items: items.slice(0, limit), more: items.length > limit });
  }

  #blobPort(): Blobs {
    const blobs = this.#blobs;
    return {
      async put(id, bytes, size) {
        const chunks: Uint8Array[] = [];
        let total = 0;
        for await (const chunk of bytes) {
          total += chunk.length;
          assert(size === undefined || total <= size, "a blob is of the announced size");
          chunks.push(new Uint8Array(chunk));
        }
        const whole = new Uint8Array(Buffer.concat(chunks));
        assert(size === undefined || whole.length === size, "a blob is of the announced size");
        blobs.set(hexOf(id), whole);
        return { size: whole.length, crc32c: crc32cSlow(whole) };
      },
      async *get(id, from, to, size = blobs.get(hexOf(id))?.length) {
        const whole = blobs.get(hexOf(id));
        if (whole === undefined) throw new IntegrityError(`blob ${hexOf(id)} is missing`);
        if (to > whole.length) throw new IntegrityError(`blob ${hexOf(id)} is short`);
        if (size !== whole.length) throw new IntegrityError(`blob ${hexOf(id)} has another size`);
        for (let at = from; at < to; at += 100_000) {
          const chunk = whole.slice(at, Math.min(to, at + 100_000));
          try {
            yield chunk;
          } finally {
            // A consumer that still uses the chunk must notice.
            chunk.fill(0xdd);
          }
          await Promise.resolve();
        }
      },
      delete(ids) {
        for (const id of ids) blobs.delete(hexOf(id));
        return Promise.resolve();
      },
      list(after, limit) {
        return Promise.resolve(
          [...blobs]
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .filter(([id]) => after === undefined || id > hexOf(after))
            .slice(0, limit)
            .map(([id, bytes]) => ({ id: bytesOfHex(id) as BlobId, size: bytes.length })),
        );
      },
    };
  }
}

const hexPairs = (bytes: Uint8Array): string[] => Array.from(bytes, (b) => b.toString(16).padStart(2, "0"));

function findPairs(pairs: readonly string[], hex: string): number {
  for (let at = 0; at + hex.length / 2 <= pairs.length; at++) {
    if (pairs.slice(at, at + hex.length / 2).join("") === hex) return at;
  }
  return -1;
}

function copyRow(row: Row): Row;
function copyRow(row: Row | undefined): Row | undefined;
function copyRow(row: Row | undefined): Row | undefined {
  if (row === undefined) return undefined;
  return {
    key: new Uint8Array(row.key),
    value: new Uint8Array(row.value) as Sealed,
    rev: new Uint8Array(row.rev) as Row["rev"],
  };
}
