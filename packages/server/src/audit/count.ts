/**
 * How many records, by fields: from the indexes alone, which were sealed when their segments ended. Records are read only
 * for objects, which no column holds. What stands on record is what `verify` proves; a count says where to look.
 */
import { type ColumnName, factsOfEvent, parseWho, valuesOf } from "./facts.ts";
import type { IndexView } from "./index-view.ts";
import type { Integers } from "./planes.ts";
import { answer, planOf, type Question } from "./query.ts";
import type { TrailReader } from "./reader.ts";
import { matching, type Plan } from "./search.ts";

export interface Group {
  readonly values: readonly string[];
  readonly count: number;
  /** Times of its oldest and newest record. */
  readonly firstMs: number;
  readonly lastMs: number;
}

interface ColumnField {
  readonly column: ColumnName;
  readonly shown: (value: string) => string;
}
const HOUR_MS = 3_600_000;
const PERIODS: ReadonlyMap<string, { readonly ms: number; readonly shown: (ms: number) => string }> = new Map(
  [
    ["hour", { ms: HOUR_MS, shown: (ms: number) => `${new Date(ms).toISOString().slice(0, 13)}Z` }],
    ["day", { ms: 24 * HOUR_MS, shown: (ms: number) => new Date(ms).toISOString().slice(0, 10) }],
  ],
);
const firstOf = (value: string): string => valuesOf(value)[0] ?? "";
const plain = (value: string): string => value;
const COLUMN_FIELDS: ReadonlyMap<string, ColumnField> = new Map([
  ["principal", { column: "who", shown: (value: string) => parseWho(value).principal }],
  ["user", { column: "who", shown: (value: string) => parseWho(value).user }],
  ["access-key", { column: "who", shown: (value: string) => parseWho(value).accessKey }],
  ["event", { column: "event", shown: plain }],
  ["source", { column: "source", shown: plain }],
  ["error", { column: "error", shown: plain }],
  ["key", { column: "key", shown: firstOf }],
  ["material", { column: "material", shown: firstOf }],
  ["bucket", { column: "bucket", shown: firstOf }],
  ["ip", { column: "ip", shown: plain }],
  ["account", { column: "account", shown: plain }],
]);
const OBJECT = "object";
export const GROUP_FIELDS: readonly string[] = [...COLUMN_FIELDS.keys(), OBJECT, ...PERIODS.keys()];

/** Largest first. */
export async function countBy(
  reader: TrailReader,
  q: Question,
  fields: readonly string[],
): Promise<readonly Group[]> {
  // An id is not in the index, and objects are there only by hash.
  if (fields.includes(OBJECT) || q.eventId !== undefined) return countRead(reader, q, fields);
  const plan = planOf(q);
  const groups = new Groups();
  for (const segment of await reader.segments(plan.fromMs, plan.toMs))
    await reader.withIndex(segment, (index) => countIn(index, plan, fields, groups));
  return groups.sorted();
}

class Groups {
  readonly #groups = new Map<
    string,
    { values: readonly string[]; count: number; firstMs: number; lastMs: number }
  >();

  add(values: readonly string[], count: number, firstMs: number, lastMs: number): void {
    const name = JSON.stringify(values);
    const group = this.#groups.get(name);
    if (group === undefined) {
      this.#groups.set(name, { values, count, firstMs, lastMs });
      return;
    }
    group.count += count;
    group.firstMs = Math.min(group.firstMs, firstMs);
    group.lastMs = Math.max(group.lastMs, lastMs);
  }

  sorted(): readonly Group[] {
    return [...this.#groups.values()].toSorted((a, b) => b.count - a.count || b.lastMs - a.lastMs);
  }
}

interface Digit {
  readonly base: number;
  readonly of: (record: number) => number;
  readonly shown: (digit: number) => string;
}

/** A record's fields as one number, digit by digit: counted without a string for each record. */
async function countIn(
  index: IndexView,
  plan: Plan,
  fields: readonly string[],
  groups: Groups,
): Promise<void> {
  const records = await matching(index, plan);
  if (records.length === 0) return;
  const times = await index.times();
  const digits = await Promise.all(fields.map((field) => digitOf(index, field, times)));
  const numberOf = numbering(digits);
  const counted = new Map<number | string, { of: number; count: number; firstMs: number; lastMs: number }>();
  for (const record of records) {
    const number = numberOf(record);
    const ms = times[record] ?? 0;
    const group = counted.get(number);
    if (group === undefined) {
      counted.set(number, { of: record, count: 1, firstMs: ms, lastMs: ms });
      continue;
    }
    group.count++;
    if (ms < group.firstMs) group.firstMs = ms;
    if (ms > group.lastMs) group.lastMs = ms;
  }
  for (const { of: record, count, firstMs, lastMs } of counted.values()) {
    const values = digits.map(({ of, shown }) => shown(of(record)));
    groups.add(values, count, firstMs, lastMs);
  }
}

/** Numbers stay exact up to 2^53; with more fields than that holds, a record's digits make a text. */
function numbering(digits: readonly Digit[]): (record: number) => number | string {
  const range = digits.reduce((product, { base }) => product * base, 1);
  if (range > Number.MAX_SAFE_INTEGER) return (record) => digits.map(({ of }) => of(record)).join(" ");
  return (record) => {
    let number = 0;
    for (const { base, of } of digits) number = number * base + of(record);
    return number;
  };
}

async function digitOf(index: IndexView, field: string, times: Integers): Promise<Digit> {
  const period = PERIODS.get(field);
  if (period !== undefined) {
    const { ms, shown } = period;
    const from = Math.floor(index.firstMs / ms);
    return {
      base: Math.floor(index.lastMs / ms) - from + 1,
      of: (record) => Math.floor((times[record] ?? 0) / ms) - from,
      shown: (digit) => shown((digit + from) * ms),
    };
  }
  const known = COLUMN_FIELDS.get(field);
  if (known === undefined) throw new Error(`INVARIANT: ${field} is a field`);
  const column = await index.column(known.column);
  const ids = await column.ids();
  return {
    base: column.values.length,
    of: (record) => ids[record] ?? 0,
    shown: (digit) => known.shown(column.values[digit] ?? ""),
  };
}

async function countRead(
  reader: TrailReader,
  q: Question,
  fields: readonly string[],
): Promise<readonly Group[]> {
  const groups = new Groups();
  for await (const { event, timeMs } of answer(reader, q)) {
    const facts = factsOfEvent(event);
    const values = fields.map((field) => {
      if (field === OBJECT) return facts.object[0] ?? "";
      const period = PERIODS.get(field);
      if (period !== undefined) return period.shown(Math.floor(timeMs / period.ms) * period.ms);
      const known = COLUMN_FIELDS.get(field);
      return known === undefined ? "" : known.shown(facts.columns[known.column]);
    });
    groups.add(values, 1, timeMs, timeMs);
  }
  return groups.sorted();
}
