/**
 * Gathers what the index of a segment holds while its records are written, or read back: for each column the values and
 * who has which; times; hashes of names; where the frames lie.
 */
import { COLUMNS, type ColumnName, NAMED, type NamedField, type RecordFacts } from "./facts.ts";
import type { Column, FrameTable, IndexView } from "./index-view.ts";
import { nameHash } from "./name-hash.ts";
import { type Integers, largeIntegers, smallIntegers } from "./planes.ts";

export interface IndexedRecord {
  readonly facts: RecordFacts;
  readonly timeMs: number;
}

class ColumnBuilder {
  readonly #ids = new Map<string, number>();
  readonly values: string[] = [];
  readonly ids = smallIntegers();

  add(value: string): void {
    let id = this.#ids.get(value);
    if (id === undefined) {
      id = this.values.length;
      this.#ids.set(value, id);
      this.values.push(value);
    }
    this.ids.push(id);
  }
}

/** Hashes and their records, in the order of records. */
export class NameList {
  readonly high = smallIntegers();
  readonly low = smallIntegers();
  readonly records = smallIntegers();
}

export class IndexBuilder implements IndexView {
  readonly columns: readonly ColumnBuilder[] = COLUMNS.map(() => new ColumnBuilder());
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

  frame(offset: number, bytes: number, records: Iterable<IndexedRecord>): void {
    this.frameOffsets.push(offset);
    this.frameRecords.push(this.records);
    this.end = offset + bytes;
    for (const record of records) this.#add(record);
  }

  #add({ facts, timeMs }: IndexedRecord): void {
    const record = this.records;
    for (let i = 0; i < COLUMNS.length; i++) this.columns[i]?.add(facts[COLUMNS[i] ?? "who"]);
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
