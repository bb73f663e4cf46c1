/**
 * Counter lists and counted records against each other (sealed format, section 6, Rollback), for `verify`: each listed
 * record is there with the counter that its list says, and no record stands outside every list. Others may change records
 * meanwhile: what looks wrong is looked at again before it is reported.
 */
import { IntegrityError } from "../base/errors.ts";
import type { Codec } from "./codec.ts";
import { CountedRecords } from "./counted.ts";
import { BodyReader } from "./key-bytes.ts";
import { entryName, entryRow } from "./list-page.ts";
import type { Row, TableName } from "./port.ts";
import type { Records } from "./records.ts";

/** Where counted records lie. */
export interface CountedRange {
  readonly table: TableName;
  readonly from: Uint8Array;
  readonly to?: Uint8Array;
}

export interface VerifiedList {
  /** The list's parent, as text; for records outside every list their row. */
  readonly name: string;
  readonly records: number;
  readonly problems: readonly string[];
}

const PAGE_ROWS = 200;
const LOOKS = 3;
const LOOK_AGAIN_MS = 100;
const HEAD_PAGE_BYTES = 4;

/** version(1) || counter(8) || page(4) of any counted record; the rest is its owner's. */
const counterCodec: Codec<number> = {
  version: 1,
  encode: () => {
    throw new Error("INVARIANT: only reads");
  },
  decode: (body) => {
    const reader = new BodyReader(body, "a counted record");
    reader.version(1);
    return reader.u64();
  },
};

export async function* verifyLists(
  records: Records,
  ranges: readonly CountedRange[],
): AsyncGenerator<VerifiedList> {
  const counted = new CountedRecords(records);
  for await (const parent of parentsOf(records)) yield verifyList(records, counted, parent);
  for (const range of ranges) yield* verifyListed(records, counted, range);
}

async function* parentsOf(records: Records): AsyncGenerator<Uint8Array> {
  for await (const row of rowsOf(records, { table: "list", from: new Uint8Array() })) {
    const page = row.key.subarray(row.key.length - HEAD_PAGE_BYTES);
    if (page.every((byte) => byte === 0)) yield row.key.slice(0, -HEAD_PAGE_BYTES);
  }
}

async function verifyList(
  records: Records,
  counted: CountedRecords,
  parent: Uint8Array,
): Promise<VerifiedList> {
  const name = new TextDecoder().decode(parent);
  let listed = 0;
  const problems = await lookedAtAgain(async () => {
    const entries = await counted.entries(parent);
    listed = entries.size;
    return oldOrMissing(records, [...entries]);
  });
  return { name, records: listed, problems };
}

async function oldOrMissing(
  records: Records,
  entries: readonly (readonly [name: string, counter: number])[],
): Promise<string[]> {
  const problems: string[] = [];
  for (let at = 0; at < entries.length; at += PAGE_ROWS) {
    const some = entries.slice(at, at + PAGE_ROWS);
    const places = some.map(([name]) => {
      const place = entryRow(name);
      if (place === undefined) throw new IntegrityError(`a list names ${name}`);
      return place;
    });
    const rows = await records.store.get(places);
    for (const [i, [name, counter]] of some.entries()) {
      const row = rows[i];
      const found = row === undefined ? undefined : await counterOf(records, places[i]?.table ?? "list", row);
      if (found === undefined) problems.push(`${name} is missing`);
      else if (found < counter) problems.push(`${name} is older than its list says`);
      else if (found > counter) problems.push(`${name} is newer than its list says`);
    }
  }
  return problems;
}

const counterOf = async (records: Records, table: TableName, row: Row): Promise<number> =>
  (await records.open(counterCodec, table, row, false)).value;

/** Records of a range that no list names. Only where the counts differ are names collected. */
async function* verifyListed(
  records: Records,
  counted: CountedRecords,
  range: CountedRange,
): AsyncGenerator<VerifiedList> {
  const problems = await lookedAtAgain(async () => {
    const named = new Set<string>();
    for await (const parent of parentsOf(records)) {
      for (const name of (await counted.entries(parent)).keys()) {
        if (name.startsWith(`${range.table}/`)) named.add(name);
      }
    }
    const found: string[] = [];
    for await (const row of rowsOf(records, range)) {
      const name = entryName(range.table, row.key);
      if (!named.has(name)) found.push(`${name} stands in no list`);
    }
    return found;
  });
  yield { name: `every record of table ${range.table}`, records: 0, problems };
}

/** The problems that stay, look after look. */
async function lookedAtAgain(look: () => Promise<string[]>): Promise<readonly string[]> {
  let stay: readonly string[] | undefined;
  for (let looks = 0; looks < LOOKS; looks++) {
    if (looks > 0) await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
    const now = await look().catch((error: unknown): string[] => {
      if (error instanceof IntegrityError) return [error.message];
      throw error;
    });
    stay = stay === undefined ? now : now.filter((problem) => stay?.includes(problem));
    if (stay.length === 0) break;
  }
  return stay ?? [];
}

async function* rowsOf(records: Records, range: CountedRange): AsyncGenerator<Row> {
  for (let after: Uint8Array | undefined; ; ) {
    const page = await records.store.scan({
      ...range,
      limit: PAGE_ROWS,
      keysOnly: true,
      ...(after === undefined ? {} : { after }),
    });
    yield* page.rows;
    after = page.rows.at(-1)?.key;
    if (!page.more || after === undefined) return;
  }
}
