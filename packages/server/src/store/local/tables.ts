/**
 * Rows in LMDB: one named database for each table, a row's stored value = rev(16) || value. Everything here is
 * synchronous but the commit; no read transaction outlives a call, since a pinned one makes the file grow.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { randomBytes } from "@strongroom/crypto";
import { type Database, open, type RootDatabase } from "lmdb";
import { IntegrityError } from "../../base/errors.ts";
import type { Rev } from "../../base/ids.ts";
import { checkKeys } from "../bounds.ts";
import { compareKeys, successor } from "../key-order.ts";
import type {
  Commit,
  CommitResult,
  Expect,
  Row,
  RowKey,
  Scan,
  ScanPage,
  Sealed,
  TableName,
} from "../port.ts";
import { TABLES } from "../port.ts";
import { syncDirectory } from "./file.ts";

export type Table = Database<Uint8Array, Uint8Array>;

/**
 * Address space, not memory or disk. Larger than most stores' rows ever are, because a map that grows while other processes
 * write is the one thing that lmdb has been seen to stumble over (a commit refused, rarely a crash).
 */
const MAP_BYTES = 256 * 1024 ** 3;
const REV_BYTES = 16;
const SLAB_BYTES = 64 * 1024;
const SHARED_COPY_BYTES_MAX = SLAB_BYTES / 8;
const EMPTY = new Uint8Array() as Sealed;
const COMMITTED: CommitResult = { kind: "ok" };

export class Tables {
  readonly #root: RootDatabase<Uint8Array, Uint8Array>;
  readonly #byName: ReadonlyMap<TableName, Table>;
  /** Copies of small rows come from here; never written twice. */
  #slab = new Uint8Array(0);
  #slabUsed = 0;
  /** Whether the look that was taken still stands. */
  #current = false;
  #isAlone = false;
  /** Transactions of this process that have begun and not ended: what they commit shows at any time. */
  #changing = 0;
  /** What the last commit that this process has seen left behind, how many such states it has seen, and in which one a list of conditions last held. */
  #mark = new Uint8Array(0);
  #state = 0;
  readonly #held = new WeakMap<readonly Expect[], number>();
  readonly #ownMark = newMark();
  /** Whether the transaction that runs has left its mark. */
  #isMarked = false;
  /** One row's rev || value while LMDB copies it: puts are synchronous inside a transaction, so one buffer does. */
  #scratch = new Uint8Array(64 * 1024 + REV_BYTES);

  constructor(directory: string, readOnly: boolean) {
    if (!readOnly) mkdirSync(directory, { recursive: true, mode: 0o700 });
    const options = {
      path: directory,
      // A reader must never see what a power cut could still take back (ADR store-lmdb).
      overlappingSync: false,
      noReadAhead: true,
      noSubdir: false,
      maxDbs: TABLES.length + 1,
      maxReaders: 512,
      mapSize: MAP_BYTES,
      // The directory keeps others out already; a copy of the file alone should, too.
      permissionsMode: 0o600,
      readOnly,
      ...NAMELESS,
    };
    this.#root = open<Uint8Array, Uint8Array>(options);
    const byName = new Map<TableName, Table>();
    const openAll = (): void => {
      for (const name of TABLES) {
        byName.set(name, this.#root.openDB<Uint8Array, Uint8Array>({ name, ...NAMELESS }));
      }
    };
    // A first start makes them in one commit with one sync, rather than each in its own.
    if (readOnly) openAll();
    else this.#root.transactionSync(openAll);
    this.#byName = byName;
    // LMDB syncs its file, not the directory entries that lead to it.
    if (!readOnly) for (const path of [directory, dirname(directory)]) syncDirectory(path);
  }

  table(name: TableName): Table {
    const table = this.#byName.get(name);
    if (table === undefined) throw new Error(`INVARIANT: no table ${name}`);
    return table;
  }

  /**
   * Makes the reads that follow see every commit acknowledged so far, by any process. What one callback of the event loop and
   * the promises behind it read shares a look: their requests had come before it, so what they see is a state of their own
   * time. It ends with them: a request that is read next may have been sent since, by somebody who knows of another
   * process's commit. A commit of this process ends it before anybody hears that it is done. With no other process there, and
   * no transaction on its way, nothing changes, and the look stands until the next transaction begins.
   */
  refresh(): void {
    if (this.#current) return;
    this.#root.resetReadTxn();
    // Every commit leaves another mark, in the same transaction: under the one seen last, no row has changed since.
    const mark = this.#root.getBinaryFast(MARK_KEY);
    if (mark === undefined || !sameMark(mark, this.#mark)) {
      this.#state++;
      this.#mark = mark === undefined ? NO_MARK : new Uint8Array(mark.subarray(0, MARK_BYTES));
    }
    // Last: a look that fails is none, and what held before it does not stand for it.
    this.#current = true;
    if (!this.#isAlone || this.#changing > 0) process.nextTick(this.#endLook);
  }

  /** Whether no other process can commit. */
  setAlone(isAlone: boolean): void {
    this.#isAlone = isAlone;
    this.#endLook();
  }

  readonly #endLook = (): void => {
    this.#current = false;
  };

  get(keys: readonly RowKey[]): (Row | undefined)[] {
    this.refresh();
    return keys.map(({ table, key }) => this.#rowOf(this.table(table), key));
  }

  /** Small rows are carved from buffers that many share: one of its own, off the engine's heap, costs more than its read. */
  #rowOf(table: Table, key: Uint8Array): Row | undefined {
    const stored = table.getBinaryFast(key);
    if (stored === undefined) return undefined;
    // lmdb's reused buffer has a length of its own, which `set` would not honour.
    const { length } = stored;
    if (length > SHARED_COPY_BYTES_MAX) {
      const own = new Uint8Array(length);
      buffer.copy.call(stored, own, 0, 0, length);
      return rowOf(key, own, 0, length);
    }
    if (this.#slabUsed + length > this.#slab.length) {
      // Not zeroed: every byte that is carved is written at once.
      this.#slab = new Uint8Array(Buffer.allocUnsafeSlow(SLAB_BYTES).buffer);
      this.#slabUsed = 0;
    }
    const at = this.#slabUsed;
    this.#slabUsed += length;
    buffer.copy.call(stored, this.#slab, at, 0, length);
    return rowOf(key, this.#slab, at, length);
  }

  /** What `use` gets lies in lmdb's own buffer, until the next read. */
  use<T>({ table, key }: RowKey, use: (value: Sealed | undefined) => T): T {
    this.refresh();
    const stored = this.table(table).getBinaryFast(key);
    return use(stored === undefined ? undefined : rowOf(key, stored, 0, stored.length).value);
  }

  /** As `expect` of a commit would find it, without a copy of any row. INVARIANT: nobody changes a list once asked for. */
  holds(expect: readonly Expect[]): boolean {
    this.refresh();
    if (this.#held.get(expect) === this.#state) return true;
    checkKeys(expect);
    for (const one of expect) if (!this.#holds(one)) return false;
    this.#held.set(expect, this.#state);
    return true;
  }

  /**
   * Runs `write` in one transaction, and resolves after its fdatasync. It returns nothing: a promise would turn into a commit
   * nobody waits for.
   */
  async transact(write: () => void): Promise<void> {
    let hasBegun = false;
    try {
      await this.#root.transaction(() => {
        hasBegun = true;
        this.#changing++;
        this.#endLook();
        this.#isMarked = false;
        write();
      });
    } finally {
      if (hasBegun) this.#changing--;
      this.#endLook();
    }
  }

  /** Before the first row that the transaction changes: lmdb commits what stands in it even where something throws. */
  #leaveMark(): void {
    if (this.#isMarked) return;
    countUp(this.#ownMark);
    void this.#root.put(MARK_KEY, this.#ownMark);
    this.#isMarked = true;
  }

  /**
   * Within a transaction: the commit's writes if its conditions hold, after those of whoever came before. Put and remove act
   * at once and throw what goes wrong; their promises say nothing more.
   */
  apply(commit: Commit): CommitResult {
    for (const expect of commit.expect ?? []) {
      if (!this.#holds(expect)) return { kind: "conflict", at: { table: expect.table, key: expect.key } };
    }
    const { put: puts = [], delete: removed = [] } = commit;
    if (puts.length > 0 || removed.length > 0) this.#leaveMark();
    for (const put of puts) {
      void this.table(put.table).put(put.key, this.#stored(commit.id, put.value));
    }
    for (const row of removed) void this.table(row.table).remove(row.key);
    return COMMITTED;
  }

  scan(scan: Scan): ScanPage {
    this.refresh();
    const start =
      scan.after === undefined || compareKeys(scan.after, scan.from) < 0 ? scan.from : successor(scan.after);
    const rows: Row[] = [];
    let size = 0;
    for (const row of this.range(scan.table, start, scan.to, scan.limit + 1)) {
      const value = scan.keysOnly === true ? EMPTY : row.value;
      size += row.key.length + value.length;
      const full = rows.length === scan.limit || (rows.length > 0 && size > (scan.maxBytes ?? Infinity));
      if (full) return { rows, more: true };
      rows.push(scan.keysOnly === true ? { ...row, value } : row);
    }
    return { rows, more: false };
  }

  /** Rows of [start, end) in order, in the read snapshot of this turn: consume it without awaiting. */
  *range(table: TableName, start: Uint8Array, end: Uint8Array | undefined, limit: number): Generator<Row> {
    const options = { limit, ...(start.length > 0 ? { start } : {}), ...(end === undefined ? {} : { end }) };
    for (const { key, value } of this.table(table).getRange(options))
      yield rowOf(plain(key), value, 0, value.length);
  }

  rowCount(table: TableName): number {
    this.refresh();
    const stats: unknown = this.table(table).getStats();
    const known = typeof stats === "object" && stats !== null && "entryCount" in stats;
    return known ? Number(stats.entryCount) : 0;
  }

  async backup(directory: string): Promise<void> {
    await this.#root.backup(directory, false);
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  #holds(expect: Expect): boolean {
    // The bytes lie in a buffer that lmdb reuses: compared at once, never kept.
    const stored = this.table(expect.table).getBinaryFast(expect.key);
    if (expect.rev === "absent") return stored === undefined;
    if (stored === undefined) return false;
    if (expect.rev === "present") return true;
    for (let i = 0; i < REV_BYTES; i++) if (stored[i] !== expect.rev[i]) return false;
    return true;
  }

  #stored(rev: Rev, value: Sealed): Uint8Array {
    const size = REV_BYTES + value.length;
    if (size > this.#scratch.length) this.#scratch = new Uint8Array(size);
    this.#scratch.set(rev);
    this.#scratch.set(value, REV_BYTES);
    return this.#scratch.subarray(0, size);
  }
}

/** Bytes in, bytes out, in bytewise order. */
const NAMELESS = { keyEncoding: "binary", encoding: "binary", cache: false, compression: false } as const;

/** For its `copy`: from one array to another without a view of either. */
const buffer = Buffer.alloc(0);

/** lmdb's copies are Buffers; rows hold plain views on them. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

/**
 * Under the root's own database, beside the names of the tables: random bytes of the process that changed a row
 * last, and how often it had.
 */
const MARK_KEY = new TextEncoder().encode("\0mark");
const MARK_BYTES = 24;
const MARK_RANDOM_BYTES = 16;
const NO_MARK = new Uint8Array(0);

function newMark(): Uint8Array {
  const mark = new Uint8Array(MARK_BYTES);
  mark.set(randomBytes(MARK_RANDOM_BYTES));
  return mark;
}

function countUp(mark: Uint8Array): void {
  for (let i = MARK_BYTES - 1; i >= MARK_RANDOM_BYTES; i--) {
    mark[i] = ((mark[i] ?? 0) + 1) & 0xff;
    if (mark[i] !== 0) return;
  }
}

/** The count first: it differs mostly. `stored` may be a buffer that lmdb uses again. */
function sameMark(stored: Uint8Array, mark: Uint8Array): boolean {
  if (stored.length !== mark.length) return false;
  for (let i = MARK_BYTES - 1; i >= 0; i--) if (stored[i] !== mark[i]) return false;
  return true;
}

/** Two views of `length` bytes at `at`; by the constructor, since `subarray` looks for the class of its result each time. */
function rowOf(key: Uint8Array, stored: Uint8Array, at: number, length: number): Row {
  if (length < REV_BYTES) throw new IntegrityError("a stored row is shorter than its revision");
  const { buffer: bytes } = stored;
  const start = stored.byteOffset + at;
  return {
    key,
    rev: new Uint8Array(bytes, start, REV_BYTES) as Rev,
    value: new Uint8Array(bytes, start + REV_BYTES, length - REV_BYTES) as Sealed,
  };
}
