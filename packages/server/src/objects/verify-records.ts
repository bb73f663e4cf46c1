/**
 * `verify`, everything but versions: each row of each table opens under its metadata term and parses; epoch keys open
 * under their service term; stored parts of uploads have their CRC32C. Rows that others change or remove meanwhile are looked at again.
 */
import { asId, type BucketId } from "../base/ids.ts";
import type { Codec } from "../store/codec.ts";
import { equalBytes } from "../store/key-order.ts";
import { type Row, type TableName, TABLES } from "../store/port.ts";
import { garbageCodec } from "../store/trash.ts";
import type { Core } from "./core.ts";
import { checkBucket } from "./verify-bucket.ts";
import { bodyCodec, lifeCodec, locationPageCodec, streamPageCodec } from "./rows/codecs.ts";
import { contentCodec } from "./rows/content-record.ts";
import { epochOfKey } from "./rows/row-keys.ts";
import { endedCodec } from "./uploads/ended-record.ts";
import { partCodec } from "./uploads/part-record.ts";
import { endedRow, uploadOfPart } from "./uploads/upload-keys.ts";
import { uploadCodec } from "./uploads/upload-record.ts";
import { checkStored } from "./verify-stream.ts";

export interface VerifiedRow {
  readonly table: TableName;
  readonly key: Uint8Array;
  readonly problem?: string;
}

/** Walked with the versions (verify.ts), or sealed otherwise: key records that opened when the store did, and streams. */
const ELSEWHERE: readonly TableName[] = ["system", "keyring", "inline", "head", "marker", "version"];
/** Tables of sealed records. Those that hold kinds of several layers are checked for opening only. */
export const RECORD_TABLES: readonly TableName[] = TABLES.filter((table) => !ELSEWHERE.includes(table));
const PAGE_ROWS = 200;
/** A row that changes as often as it is read is alive. */
const LOOKS = 5;

export async function* verifyRecords(core: Core): AsyncGenerator<VerifiedRow> {
  for (const table of RECORD_TABLES) {
    for await (const row of rowsOf(core, table)) {
      const problem = await rowProblem(core, table, row);
      yield { table, key: row.key, ...(problem === undefined ? {} : { problem }) };
    }
  }
}

/** Every row of a table, a page at a time; no snapshot. */
export async function* rowsOf(core: Core, table: TableName, keysOnly = false): AsyncGenerator<Row> {
  for (let after: Uint8Array | undefined; ; ) {
    const page = await core.records.store.scan({
      table,
      from: new Uint8Array(),
      limit: PAGE_ROWS,
      keysOnly,
      ...(after === undefined ? {} : { after }),
    });
    yield* page.rows;
    after = page.rows.at(-1)?.key;
    if (!page.more || after === undefined) return;
  }
}

async function rowProblem(core: Core, table: TableName, row: Row): Promise<string | undefined> {
  let now: Row | undefined = row;
  for (let looks = 0; looks < LOOKS && now !== undefined; looks++) {
    const looked: Row = now;
    try {
      await check(core, table, looked);
      return undefined;
    } catch (error) {
      [now] = await core.records.store.get([{ table, key: row.key }]);
      if (now !== undefined && equalBytes(now.rev, looked.rev))
        return error instanceof Error ? error.message : "does not open";
    }
  }
  return undefined;
}

async function check(core: Core, table: TableName, row: Row): Promise<void> {
  if (table === "epoch") {
    await core.sources.epochs.openRow(asId<BucketId>(row.key.slice(0, 16)), epochOfKey(row.key), row.value);
    return;
  }
  if (table === "bucket") {
    await checkBucket(core, row);
    return;
  }
  if (table === "part") {
    const { location } = (await core.records.open(partCodec, table, row, false)).value;
    try {
      await checkStored(core.records.store, location, row.key);
    } catch (error) {
      if (!(await isOfEndedUpload(core, row.key))) throw error;
    }
    return;
  }
  await core.records.open(codecOf(table, row.key), table, row, false);
}

/**
 * What its parts held is the object's own now, which may be gone already, or on its way out: their rows only wait for the
 * collector.
 */
async function isOfEndedUpload(core: Core, part: Uint8Array): Promise<boolean> {
  const [ended] = await core.records.store.get([endedRow(uploadOfPart(part))]);
  return ended !== undefined;
}

/** 16 bytes of content id, then 0 for entries of streams or 1 for locations. */
const KIND_OFFSET = 16;

const CODECS: Partial<Record<TableName, Codec<unknown>>> = {
  life: lifeCodec,
  content: contentCodec,
  upload: uploadCodec,
  ended: endedCodec,
  intent: garbageCodec,
  trash: garbageCodec,
};

function codecOf(table: TableName, key: Uint8Array): Codec<unknown> {
  if (table === "page") return key[KIND_OFFSET] === 0 ? streamPageCodec : locationPageCodec;
  return CODECS[table] ?? bodyCodec;
}
