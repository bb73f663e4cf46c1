/**
 * Gathers what the index of a segment holds while its records are written, or read back: for each column the values and
 * who has which; times; hashes of names; where the frames lie.
 */
import { COLUMNS, type ColumnName, type Columns, NAMED, type NamedField, type RecordFacts } from "./facts.ts";
import type { Column, FrameTable, IndexView } from "./index-view.ts";
import { nameHash } from "./name-hash.ts";
import { type Integers, largeIntegers, smallIntegers } from "./planes.ts";

/** Hashes and their records, in the order of records. */
export class NameList {
  readonly high = smallIntegers();
  readonly low = smallIntegers();
  readonly records = smallIntegers();

  /** Those of records that follow, of which the first is number `first`. */
  append({ high, low, records }: NameList, first: number): void {
    this.high.append(high.view());
    this.low.append(low.view());
    this.records.append(records.view(), first);
  }
}

/**
 * Facts of the records of one frame, until the frame has a place: names are hashed when they come, so that no text has to
 * wait.
 */
export class FrameFacts {
  /** Of each record; those of one template have the same. */
  readonly columns: Columns[] = [];
  readonly names: readonly NameList[] = NAMED.map(() => new NameList());
  readonly timeList = largeIntegers();
  firstMs = Infinity;
  lastMs = 0;

  add(facts: RecordFacts, timeMs: number): void {
    const record = this.timeList.length;
    this.columns.push(facts.columns);
    for (let i = 0; i < NAMED.length; i++) {
      const field = NAMED[i] ?? "object";
      const list = this.names[i];
      for (const name of facts[field]) {
        const { high, low } = nameHash(field, name);
        list?.high.push(high);
        list?.low.push(low);
        list?.records.push(record);
      }
    }
    this.timeList.push(timeMs);
    if (timeMs < this.firstMs) this.firstMs = timeMs;
    if (timeMs > this.lastMs) this.lastMs = timeMs;
  }

  clear(): void {
    this.columns.length = 0;
    for (const { high, low, records } of this.names) for (const list of [high, low, records]) list.clear();
    this.timeList.clear();
    this.firstMs = Infinity;
    this.lastMs = 0;
  }
}

/** The values of one column, each under a number. */
class ColumnValues {
  readonly #ids = new Map<string, number>();
  readonly values: string[] = [];

  idOf(value: string): number {
    let id = this.#ids.get(value);
    if (id === undefined) {
      id = this.values.length;
      this.#ids.set(value, id);
      this.values.push(value);
    }
    return id;
  }
}

/** Sets that are known by their object; more than records of a moment have. */
const SETS_KNOWN_MAX = 256;

/** Which values each record has. Records of one template have one set of them, so a record mostly costs one number. */
class ColumnSets {
  readonly columns: readonly ColumnValues[] = COLUMNS.map(() => new ColumnValues());
  readonly #known = new Map<Columns, number>();
  /** Of each set, the ids of its values, column by column. */
  readonly #ids = smallIntegers();
  /** Of each record. */
  readonly #sets = smallIntegers();

  add(columns: Columns): void {
    this.#sets.push(this.#known.get(columns) ?? this.#newSet(columns));
  }

  #newSet(columns: Columns): number {
    const set = this.#ids.length / COLUMNS.length;
    for (const [i, name] of COLUMNS.entries()) this.#ids.push(this.columns[i]?.idOf(columns[name]) ?? 0);
    if (this.#known.size >= SETS_KNOWN_MAX) this.#known.clear();
    this.#known.set(columns, set);
    return set;
  }

  /** Of one column, for each record. */
  ids(column: number): Integers {
    const sets = this.#sets.view();
    const ids = this.#ids.view();
    const count = this.columns[column]?.values.length ?? 0;
    const out = count <= 256 ? new Uint8Array(sets.length) : new Uint32Array(sets.length);
    // Zeros already: most columns have one value.
    if (count <= 1) return out;
    for (let i = 0; i < sets.length; i++) out[i] = ids[(sets[i] ?? 0) * COLUMNS.length + column] ?? 0;
    return out;
  }
}

export class IndexBuilder implements IndexView {
  readonly #sets = new ColumnSets();
  readonly names: readonly NameList[] = NAMED.map(() => new NameList());
  readonly timeList = largeIntegers();
  readonly frameOffsets = largeIntegers();
  readonly frameRecords = largeIntegers();
  firstMs = Infinity;
  lastMs = 0;
  /** Behind the last frame. */
  end = 0;

  get records(): number {
    return this.timeList.length;
  }

  frame(offset: number, bytes: number, facts: FrameFacts): void {
    const first = this.records;
    this.frameOffsets.push(offset);
    this.frameRecords.push(first);
    this.end = offset + bytes;
    for (const columns of facts.columns) this.#sets.add(columns);
    for (const [i, list] of facts.names.entries()) this.names[i]?.append(list, first);
    this.timeList.append(facts.timeList.view());
    this.firstMs = Math.min(this.firstMs, facts.firstMs);
    this.lastMs = Math.max(this.lastMs, facts.lastMs);
  }

  /** In the order of COLUMNS; `ids` makes a list of its own. */
  *columns(): Generator<{ readonly values: readonly string[]; readonly ids: () => Integers }> {
    for (const [i, { values }] of this.#sets.columns.entries())
      yield { values, ids: () => this.#sets.ids(i) };
  }

  column(name: ColumnName): Promise<Column> {
    const i = COLUMNS.indexOf(name);
    const values = this.#sets.columns[i]?.values ?? [];
    return Promise.resolve({ values, ids: () => Promise.resolve(this.#sets.ids(i)) });
  }

  times(): Promise<Integers> {
    return Promise.resolve(this.timeList.view());
  }

  frames(): Promise<FrameTable> {
    return Promise.resolve({
      offsets: this.frameOffsets.view(),
      firsts: this.frameRecords.view(),
      end: this.end,
    });
  }

  named(field: NamedField, name: string): Promise<readonly number[]> {
    const list = this.names[NAMED.indexOf(field)];
    if (list === undefined) return Promise.resolve([]);
    const { high, low } = nameHash(field, name);
    const highs = list.high.view();
    const lows = list.low.view();
    const records = list.records.view();
    const found: number[] = [];
    for (let i = 0; i < highs.length; i++)
      if (highs[i] === high && lows[i] === low) found.push(records[i] ?? 0);
    return Promise.resolve(found);
  }
}
