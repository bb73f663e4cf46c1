/**
 * Removes what nothing references (sealed format, section 9): condemn the row by compare-and-swap, delete its blobs,
 * delete the row. Any crash between leaves a row that the next tick finishes. One process at a time works, by lease; its
 * commits expect the lease, and a blob goes only after its row was condemned, so a sleeper does no harm.
 */
import { COLLECTOR_LEASE_MS, TRASH_GRACE_FULL_MS, TRASH_GRACE_MS } from "../base/limits.ts";
import { type DamagedRows, NO_DAMAGE } from "./damaged-rows.ts";
import { acquireLease, type Lease, newHolder, releaseLease } from "./lease.ts";
import type { Expect, Put, Row, RowKey, TableName } from "./port.ts";
import { type Entry, type Records, unchanged } from "./records.ts";
import { commitSettled } from "./retry.ts";
import { dueTrash, type Garbage, garbageCodec, TRASH_SHARDS } from "./trash.ts";

export const COLLECTOR_LEASE = "collector";

export interface CollectorOptions {
  /** Rows looked at in one tick. */
  readonly rowsMax?: number;
  /** Further jobs under the same lease (parts of finished uploads …): each returns how much it did. */
  readonly jobs?: readonly ((lease: Lease) => Promise<number>)[];
  /** Without it one damaged row is the end of a tick. */
  readonly damaged?: DamagedRows;
}
export interface Collected {
  readonly rows: number;
  readonly blobs: number;
}

const ROWS_MAX = 1000;
/** Rows finished together; with the lease they stay within a commit's conditions. */
const BATCH_ROWS = 24;
const BATCH_WRITES = 56;
const BATCH_BYTES = 128 * 1024;
const NOTHING: Collected = { rows: 0, blobs: 0 };

export class Collector {
  readonly #records: Records;
  readonly #options: CollectorOptions;
  readonly #holder = newHolder();
  /** Where the walk over the intents goes on: they are not in the order of their age. */
  #intentAfter: Uint8Array | undefined;
  /** The same for each shard of trash: damaged rows stay where they are, and must not fill every page. */
  readonly #trashAfter = new Map<number, Uint8Array>();

  constructor(records: Records, options: CollectorOptions = {}) {
    this.#records = records;
    this.#options = options;
  }

  /**
   * One bounded round; `undefined` if another process (or a backup) holds the lease. It is given back after the round, so
   * that a backup gets its turn, and not taken where there is nothing to look at: an idle store writes nothing.
   */
  async tick(): Promise<Collected | undefined> {
    if (!(await this.#anyWork())) return NOTHING;
    const lease = await acquireLease(this.#records, COLLECTOR_LEASE, this.#holder, COLLECTOR_LEASE_MS);
    if (lease === undefined) return undefined;
    try {
      return await this.#round(lease);
    } finally {
      await releaseLease(this.#records, lease);
    }
  }

  async #anyWork(): Promise<boolean> {
    const { store } = this.#records;
    for (const table of ["intent", "ended"] as const) {
      const { rows } = await store.scan({ table, from: new Uint8Array(), limit: 1, keysOnly: true });
      if (rows.length > 0) return true;
    }
    const nowMs = this.#trashMs(await store.now());
    for (let shard = 0; shard < TRASH_SHARDS; shard++) {
      const due = { table: "trash" as const, ...dueTrash(shard, nowMs), limit: 1, keysOnly: true };
      if ((await store.scan(due)).rows.length > 0) return true;
    }
    return false;
  }

  async #round(lease: Lease): Promise<Collected> {
    const nowMs = await this.#records.store.now();
    let done = await this.#intents(lease, nowMs);
    for (let shard = 0; shard < TRASH_SHARDS && done.rows < this.#rowsMax; shard++) {
      done = add(done, await this.#trash(lease, shard, this.#trashMs(nowMs), this.#rowsMax - done.rows));
    }
    for (const job of this.#options.jobs ?? []) done = add(done, { rows: await job(lease), blobs: 0 });
    return done;
  }

  /** On a full disk space counts more than the longest of the running readers: most of the grace is waived. */
  #trashMs(nowMs: number): number {
    const full = this.#records.store.writable().kind === "full";
    return full ? nowMs + TRASH_GRACE_MS - TRASH_GRACE_FULL_MS : nowMs;
  }

  get #rowsMax(): number {
    return this.#options.rowsMax ?? ROWS_MAX;
  }

  async #intents(lease: Lease, nowMs: number): Promise<Collected> {
    const after = this.#intentAfter;
    const { rows, more } = await this.#records.store.scan({
      table: "intent",
      from: new Uint8Array(),
      limit: this.#rowsMax,
      ...(after === undefined ? {} : { after }),
    });
    this.#intentAfter = more ? rows.at(-1)?.key : undefined;
    const entries = await this.#open("intent", rows);
    return this.#finishAll(
      lease,
      entries.filter(({ value }) => value.condemned || value.dueMs <= nowMs),
    );
  }

  async #trash(lease: Lease, shard: number, nowMs: number, limit: number): Promise<Collected> {
    const after = this.#trashAfter.get(shard);
    const { rows, more } = await this.#records.store.scan({
      table: "trash",
      ...dueTrash(shard, nowMs),
      limit,
      ...(after === undefined ? {} : { after }),
    });
    const last = more ? rows.at(-1) : undefined;
    if (last === undefined) this.#trashAfter.delete(shard);
    else this.#trashAfter.set(shard, last.key);
    return this.#finishAll(lease, await this.#open("trash", rows));
  }

  async #open(table: TableName, rows: readonly Row[]): Promise<Entry<Garbage>[]> {
    const { damaged = NO_DAMAGE } = this.#options;
    const entries = await Promise.all(
      rows.map(async (row) =>
        damaged.passOver({ table, key: row.key }, async () =>
          this.#records.open(garbageCodec, table, row, false),
        ),
      ),
    );
    return entries.filter((entry) => entry !== undefined);
  }

  async #finishAll(lease: Lease, entries: readonly Entry<Garbage>[]): Promise<Collected> {
    let done = NOTHING;
    let batch: Entry<Garbage>[] = [];
    let writes = 0;
    let size = 0;
    for (const entry of entries) {
      const writesMore = 1 + entry.value.rows.length;
      const sizeMore = sizeOf(entry);
      const full = writes + writesMore > BATCH_WRITES || size + sizeMore > BATCH_BYTES;
      if (batch.length === BATCH_ROWS || (full && batch.length > 0)) {
        done = add(done, await this.#finish(lease, batch));
        batch = [];
        writes = 0;
        size = 0;
      }
      batch.push(entry);
      writes += writesMore;
      size += sizeMore;
    }
    return add(done, await this.#finish(lease, batch));
  }

  /** Condemn, delete blobs, delete rows: this order. A conflict (an intent renewed or published) leaves all for later. */
  async #finish(lease: Lease, batch: readonly Entry<Garbage>[]): Promise<Collected> {
    if (batch.length === 0) return NOTHING;
    const condemned = await this.#condemn(lease, batch);
    if (condemned === undefined) return batch.length === 1 ? NOTHING : this.#oneByOne(lease, batch);
    const blobs = batch.flatMap(({ value }) => value.blobs);
    await this.#records.store.blobs.delete(blobs);
    const removed = batch.flatMap(({ table, key, value }): RowKey[] => [...value.rows, { table, key }]);
    await commitSettled(this.#records.store, { expect: [lease.expect, ...condemned], delete: removed });
    return { rows: batch.length, blobs: blobs.length };
  }

  async #oneByOne(lease: Lease, batch: readonly Entry<Garbage>[]): Promise<Collected> {
    let done = NOTHING;
    for (const entry of batch) done = add(done, await this.#finish(lease, [entry]));
    return done;
  }

  /** The conditions that hold once all of the batch is condemned; undefined on a conflict. */
  async #condemn(lease: Lease, batch: readonly Entry<Garbage>[]): Promise<Expect[] | undefined> {
    const fresh = batch.filter(({ value }) => !value.condemned);
    const old = batch.filter(({ value }) => value.condemned).map(unchanged);
    if (fresh.length === 0) return old;
    const put: Put[] = fresh.map(({ table, key, value }) =>
      this.#records.seal(garbageCodec, table, key, { ...value, condemned: true }),
    );
    const settled = await commitSettled(this.#records.store, {
      expect: [lease.expect, ...fresh.map(unchanged)],
      put,
    });
    if (settled.kind === "conflict") return undefined;
    return [...old, ...fresh.map(({ table, key }) => ({ table, key, rev: settled.rev }))];
  }
}

/** What condemning the row writes, roughly. */
const sizeOf = ({ key, value }: Entry<Garbage>): number =>
  key.length + 100 + 16 * value.blobs.length + value.rows.reduce((sum, row) => sum + 32 + row.key.length, 0);

const add = (a: Collected, b: Collected): Collected => ({ rows: a.rows + b.rows, blobs: a.blobs + b.blobs });
