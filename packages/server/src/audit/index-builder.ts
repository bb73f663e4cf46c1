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

class ColumnBuilder {
  readonly #ids = new Map<string, number>();
  readonly values: string[] = [];
  readonly ids = smallIntegers();
  /** Neighbours are alike. */
  #last = "";
  #lastId = -1;

  add(value: string): void {
    if (this.#lastId < 0 || value !== this.#last) {
      this.#lastId = this.#idOf(value);
      this.#last = value;
    }
    this.ids.push(this.#lastId);
  }

  /** The last value once more. */
  again(): void {
    this.ids.push(this.#lastId);
  }

  #idOf(value: string): number {
    let id = this.#ids.get(value);
    if (id === undefined) {
      id = this.values.length;
      this.#ids.set(value, id);
      this.values.push(value);
    }
    return id;
  }
}

export class IndexBuilder implements IndexView {
  readonly columns: readonly ColumnBuilder[] = COLUMNS.map(() => new ColumnBuilder());
  #lastColumns: Columns | undefined;
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
    for (const columns of facts.columns) this.#addColumns(columns);
    for (const [i, list] of facts.names.entries()) this.names[i]?.append(list, first);
    this.timeList.append(facts.timeList.view());
    this.firstMs = Math.min(this.firstMs, facts.firstMs);
    this.lastMs = Math.max(this.lastMs, facts.lastMs);
  }

  #addColumns(columns: Columns): void {
    if (columns === this.#lastColumns) for (const builder of this.columns) builder.again();
    else for (const [i, name] of COLUMNS.entries()) this.columns[i]?.add(columns[name]);
    this.#lastColumns = columns;
  }

  column(name: ColumnName): Promise<Column> {
    const built = this.columns[COLUMNS.indexOf(name)];
    return Promise.resolve({
      values: built?.values ?? [],
      ids: () => Promise.resolve(built?.ids.view() ?? new Uint8Array()),
    });
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
