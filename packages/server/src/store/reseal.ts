/**
 * Sealed records to the newest term of the metadata key (`rewrap`): the same body, sealed anew, by compare-and-swap on the
 * row as it was read. Rows that others hold a revision of and that go by themselves (leases, fresh intents) are left.
 */
import { recordTerm } from "@strongroom/crypto";
import { INTENT_AGE_MAX_MS } from "../base/limits.ts";
import { type Row, type TableName, TABLES } from "./port.ts";
import type { Records } from "./records.ts";
import { commitSettled } from "./retry.ts";
import { garbageCodec } from "./trash.ts";

/** Not sealed by the metadata key: key records, and the streams of contents. */
const OTHERWISE_SEALED: readonly TableName[] = ["system", "keyring", "epoch", "inline"];
/** A lease's holder expects its revision; it is written anew within the minute or abandoned. */
const LEFT_ALONE: readonly TableName[] = ["lease"];
export const RESEALED_TABLES: readonly TableName[] = TABLES.filter(
  (table) => !OTHERWISE_SEALED.includes(table) && !LEFT_ALONE.includes(table),
);

const PAGE_ROWS = 200;
/** With room to spare below a commit's conditions and bytes. */
const BATCH_ROWS = 24;
const BATCH_BYTES = 128 * 1024;

export interface ResealPosition {
  readonly table: TableName;
  /** The last row looked at; absent at a table's begin. */
  readonly after?: Uint8Array;
}
export interface ResealStep extends ResealPosition {
  readonly looked: number;
  readonly resealed: number;
  /** Rows that others changed at the same time: another pass looks at them again. */
  readonly missed: number;
}

/** One pass, a page at a time; goes on behind `from`. */
export async function* resealRecords(records: Records, from?: ResealPosition): AsyncGenerator<ResealStep> {
  const first = from === undefined ? 0 : Math.max(0, RESEALED_TABLES.indexOf(from.table));
  for (const table of RESEALED_TABLES.slice(first)) {
    let after = table === from?.table ? from.after : undefined;
    for (let more = true; more; ) {
      const page = await records.store.scan({
        table,
        from: new Uint8Array(),
        limit: PAGE_ROWS,
        ...(after === undefined ? {} : { after }),
      });
      const old = page.rows.filter((row) => recordTerm(row.value) !== records.currentTerm);
      const free = await withoutFresh(records, table, old);
      const resealed = await resealAll(records, table, free);
      after = page.rows.at(-1)?.key ?? after;
      ({ more } = page);
      const missed = free.length - resealed;
      yield { table, ...(after === undefined ? {} : { after }), looked: page.rows.length, resealed, missed };
    }
  }
}

/** A running upload expects the revision of its intent. */
async function withoutFresh(
  records: Records,
  table: TableName,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  if (table !== "intent") return rows;
  const nowMs = await records.store.now();
  const free: Row[] = [];
  for (const row of rows) {
    const { dueMs } = (await records.open(garbageCodec, table, row, false)).value;
    if (dueMs + INTENT_AGE_MAX_MS < nowMs) free.push(row);
  }
  return free;
}

async function resealAll(records: Records, table: TableName, rows: readonly Row[]): Promise<number> {
  let done = 0;
  let batch: Row[] = [];
  let size = 0;
  for (const row of rows) {
    const rowSize = row.key.length + row.value.length;
    if (batch.length > 0 && (batch.length === BATCH_ROWS || size + rowSize > BATCH_BYTES)) {
      done += await resealBatch(records, table, batch);
      batch = [];
      size = 0;
    }
    batch.push(row);
    size += rowSize;
  }
  return done + (await resealBatch(records, table, batch));
}

/** One changed row would stop all of a batch: then each goes alone. */
async function resealBatch(records: Records, table: TableName, batch: readonly Row[]): Promise<number> {
  if (batch.length === 0) return 0;
  const settled = await commitSettled(records.store, {
    expect: batch.map(({ key, rev }) => ({ table, key, rev })),
    put: batch.map((row) => records.reseal(table, row)),
  });
  if (settled.kind === "ok") return batch.length;
  if (batch.length === 1) return 0;
  let done = 0;
  for (const row of batch) done += await resealBatch(records, table, [row]);
  return done;
}

/** Leases, where nobody but the caller holds one (it renews its own afterwards). */
export async function resealLeases(records: Records): Promise<void> {
  const { rows } = await records.store.scan({ table: "lease", from: new Uint8Array(), limit: PAGE_ROWS });
  await resealAll(
    records,
    "lease",
    rows.filter((row) => recordTerm(row.value) !== records.currentTerm),
  );
}

/** Whether a row of any table, leases and intents too, is sealed under a term older than this. */
export async function findSealedBefore(records: Records, term: number): Promise<TableName | undefined> {
  for (const table of TABLES) {
    if (OTHERWISE_SEALED.includes(table)) continue;
    for (let after: Uint8Array | undefined; ; ) {
      const start = after === undefined ? {} : { after };
      const page = await records.store.scan({ table, from: new Uint8Array(), limit: PAGE_ROWS, ...start });
      if (page.rows.some((row) => recordTerm(row.value) < term)) return table;
      after = page.rows.at(-1)?.key;
      if (!page.more || after === undefined) break;
    }
  }
  return undefined;
}
