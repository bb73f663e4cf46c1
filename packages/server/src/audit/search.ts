/**
 * Which records may be meant, by the index alone: a plan's clauses must all hold, each by one of its tests. Tests look at
 * the values of a column, which are few, and then at who has them; names are looked up by hash.
 */
import { type ColumnName, type NamedField, type RecordFacts } from "./facts.ts";
import type { IndexView } from "./index-view.ts";

export type Test =
  | { readonly column: ColumnName; readonly holds: (value: string) => boolean }
  | { readonly field: NamedField; readonly name: string };
export type Clause = readonly Test[];

export interface Plan {
  /** Milliseconds, both inclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly clauses: readonly Clause[];
}

/** The same for one record that was read. */
export function planHolds({ clauses }: Plan, facts: RecordFacts): boolean {
  return clauses.every((clause) =>
    clause.some((test) =>
      "column" in test ? test.holds(facts.columns[test.column]) : facts[test.field].includes(test.name),
    ),
  );
}

/** Numbers of records, ascending. */
export async function matching(index: IndexView, plan: Plan): Promise<Uint32Array> {
  if (index.lastMs < plan.fromMs || index.firstMs > plan.toMs) return new Uint32Array();
  let found: Uint32Array | undefined;
  // Names first: they leave the fewest.
  const clauses = plan.clauses.toSorted((a, b) => Number(isOfColumns(a)) - Number(isOfColumns(b)));
  for (const clause of clauses) {
    found = await narrow(index, clause, found);
    if (found?.length === 0) return found;
  }
  if (plan.fromMs <= index.firstMs && index.lastMs <= plan.toMs) return found ?? everyRecord(index.records);
  const times = await index.times();
  return keep(index.records, found, (record) => {
    const ms = times[record] ?? 0;
    return ms >= plan.fromMs && ms <= plan.toMs;
  });
}

const isOfColumns = (clause: Clause): boolean => clause.some((test) => "column" in test);

async function narrow(
  index: IndexView,
  clause: Clause,
  found: Uint32Array | undefined,
): Promise<Uint32Array | undefined> {
  const masks: ((record: number) => boolean)[] = [];
  for (const test of clause) {
    if ("column" in test) {
      const column = await index.column(test.column);
      const wanted = Uint8Array.from(column.values, (value) => Number(test.holds(value)));
      if (!wanted.includes(1)) continue;
      if (!wanted.includes(0)) return found;
      const ids = await column.ids();
      masks.push((record) => wanted[ids[record] ?? 0] === 1);
    } else {
      const named = new Set(await index.named(test.field, test.name));
      if (named.size === 0) continue;
      if (clause.length === 1 && found === undefined) return Uint32Array.from(named);
      masks.push((record) => named.has(record));
    }
  }
  const [first, ...others] = masks;
  if (first === undefined) return new Uint32Array();
  if (others.length === 0) return keep(index.records, found, first);
  return keep(index.records, found, (record) => masks.some((mask) => mask(record)));
}

function keep(
  records: number,
  found: Uint32Array | undefined,
  wanted: (record: number) => boolean,
): Uint32Array {
  const out = new Uint32Array(found?.length ?? records);
  let kept = 0;
  if (found === undefined) {
    for (let record = 0; record < records; record++) if (wanted(record)) out[kept++] = record;
  } else {
    for (const record of found) if (wanted(record)) out[kept++] = record;
  }
  return out.subarray(0, kept);
}

function everyRecord(records: number): Uint32Array {
  const out = new Uint32Array(records);
  for (let record = 0; record < records; record++) out[record] = record;
  return out;
}
