/**
 * The store port: a sorted map of byte strings with one atomic conditional write, and a place for large sealed blobs.
 * Everything that crosses it is sealed already; below it nobody holds a key. Every home (embedded LMDB, the in-memory
 * model, later SQL) passes the same conformance suite. No interactive transactions and no process-local lock: several
 * processes share one home.
 */
import type { BlobId, Rev } from "../base/ids.ts";

/**
 * The tables. A row's key is unique within its table and ordered bytewise. `head`, `marker`, `version` and `inline` are
 * apart so that listing never pages over anything else; a SQL home maps each to a table or to one keyed space.
 */
export const TABLES = [
  "system", // one-off rows: store id and format
  "keyring", // term keys under the root key; bare, not sealed records
  "account",
  "credential",
  "identity", // users, groups, roles, managed policies and what hangs on them
  "bucket", // by name
  "life", // by bucket id: active or deleting
  "config", // bucket id + name: policy and other documents
  "epoch", // bucket epoch keys
  "head", // the current version of a key, where that is an object
  "marker", // the current version of a key, where that is a delete marker
  "version", // noncurrent versions
  "content", // shared contents and their references
  "page", // stream pages of contents with many parts
  "inline", // small sealed streams
  "upload",
  "part",
  "ended", // uploads that were completed or aborted: the answer for a day, and what the collector clears
  "intent", // blobs being written
  "trash", // blobs to delete
  "kms", // KMS keys, material, aliases, grants
  "list", // counters of rows that decide access or encryption
  "lease",
  "audit", // checkpoints of the trail, and the state of its streams
] as const;
export type TableName = (typeof TABLES)[number];

declare const sealedBrand: unique symbol;
/** Bytes that reveal nothing without a key. Made only by `records.ts` (sealed records), `crypto` streams and key records. */
export type Sealed = Uint8Array & { readonly [sealedBrand]: true };

export interface RowKey {
  readonly table: TableName;
  /** 1 to ROW_KEY_BYTES_MAX bytes. */
  readonly key: Uint8Array;
}

export interface Row {
  readonly key: Uint8Array;
  readonly value: Sealed;
  readonly rev: Rev;
}

/** A condition on a row's present state. All are checked before anything is written. */
export interface Expect extends RowKey {
  readonly rev: Rev | "absent" | "present";
}

export interface Put extends RowKey {
  readonly value: Sealed;
}

export interface Commit {
  /** The identity of this commit: every row it puts has this rev. Lets a lost answer be settled by reading back. */
  readonly id: Rev;
  readonly expect?: readonly Expect[];
  readonly put?: readonly Put[];
  /** Deleting an absent row is no error. */
  readonly delete?: readonly RowKey[];
}

/** `unknown`: the answer was lost; read back (`rev` is mine = committed), then repeat. */
export type CommitResult =
  | { readonly kind: "ok" }
  | { readonly kind: "conflict"; readonly at: RowKey }
  | { readonly kind: "unknown" };

export interface Scan {
  readonly table: TableName;
  /** Inclusive. */
  readonly from: Uint8Array;
  /** Exclusive; absent = to the end of the table. */
  readonly to?: Uint8Array;
  /** Exclusive start inside the range: the last key of the page before. */
  readonly after?: Uint8Array;
  readonly limit: number;
  readonly maxBytes?: number;
  /** Keys and revisions only: `value` is empty. */
  readonly keysOnly?: boolean;
}

export interface ScanPage {
  readonly rows: readonly Row[];
  readonly more: boolean;
}

/**
 * One page of a delimited listing. Keys below `prefix` whose remainder contains `delimiter` collapse into one common
 * prefix (up to and with the first delimiter at or after `prefix.length`); the engine seeks past it and never scans it.
 * `prefix` and `delimiter` are in the encoding of the keys themselves. An empty delimiter groups nothing.
 */
export interface Groups {
  readonly table: TableName;
  readonly prefix: Uint8Array;
  readonly delimiter: Uint8Array;
  /**
   * Ends the part of a key in which the delimiter is sought: the separator between an escaped object key and a binary
   * suffix. Without it a byte of that suffix could pass for a delimiter.
   */
  readonly terminator?: Uint8Array;
  /** Exclusive start: a key, or a common prefix, all of whose keys are skipped (`afterIsGroup`). */
  readonly after?: Uint8Array;
  readonly afterIsGroup?: boolean;
  /** Rows and groups together. */
  readonly limit: number;
}
export type GroupItem =
  | { readonly kind: "row"; readonly row: Row }
  | { readonly kind: "group"; readonly prefix: Uint8Array };
export interface GroupsPage {
  readonly items: readonly GroupItem[];
  readonly more: boolean;
}

/** Large sealed blobs. An id is written once and never reused. */
export interface Blobs {
  /**
   * Writes the bytes durably (temporary name, sync, rename, sync of the directory) before it resolves. On failure or
   * abort nothing stays under the id. `size` is exact; other sizes fail. A chunk is taken over before the next one is
   * asked for, so a producer may reuse its buffer. Throws InsufficientStorage when the disk is full.
   */
  put(
    id: BlobId,
    bytes: AsyncIterable<Uint8Array>,
    size: number | undefined,
  ): Promise<{ readonly size: number; readonly crc32c: number }>;
  /**
   * Bytes [from, to) of the stored blob, in chunks of any size; IntegrityError if the blob is missing or shorter, or has
   * another size than `size`. A chunk may be overwritten as soon as the next one is asked for, or the iteration ends: use it
   * or copy it before.
   */
  get(id: BlobId, from: number, to: number, size?: number): AsyncIterable<Uint8Array>;
  /** Missing ids are no error. */
  delete(ids: readonly BlobId[]): Promise<void>;
  /** For `verify` only: ids and stored sizes in order, after `after`. */
  list(
    after: BlobId | undefined,
    limit: number,
  ): Promise<readonly { readonly id: BlobId; readonly size: number }[]>;
}

export interface Store {
  /**
   * Linearizable: sees every commit acknowledged before the call, by any process. One entry per key, in order. At once
   * where the home can: a promise costs more than a row in memory.
   */
  get(keys: readonly RowKey[]): readonly (Row | undefined)[] | Promise<readonly (Row | undefined)[]>;
  /**
   * Whether all conditions hold now, as linearizable as `get`: whether what was read of these rows still stands. At once
   * where the home can tell for less than a read costs.
   */
  holds(expect: readonly Expect[]): boolean | Promise<boolean>;
  /**
   * Hands one row's value to `use`, as `get` would find it; undefined where there is no row. What it gets may be the home's
   * own copy, there as long as `use` runs: `use` keeps no view of it and asks the home for nothing.
   */
  use<T>(row: RowKey, use: (value: Sealed | undefined) => T): T | Promise<T>;
  /**
   * All conditions and all writes at once, or nothing; durable (survives power loss) before it resolves with ok. A row
   * is written at most once in a commit. Rejects when this process is unfit to write; its outcome is then unknown too.
   */
  commit(commit: Commit): Promise<CommitResult>;
  /** Byte order; one snapshot per call, none across calls. Never holds a read transaction beyond the call. */
  scan(scan: Scan): Promise<ScanPage>;
  groups(groups: Groups): Promise<GroupsPage>;
  /** The engine's clock in milliseconds, for leases. */
  now(): Promise<number>;
  readonly blobs: Blobs;
  /** False while writes must be refused (disk nearly full, or a commit error has made this process unfit to write). */
  writable(): WriteState;
  close(): Promise<void>;
}
export type WriteState =
  | { readonly kind: "ok" }
  | { readonly kind: "full"; readonly freeBytes: number }
  | { readonly kind: "failed" };
