/** An index file as questions see it. What was read stays in a cache that all segments share. */
import type { ByteCache } from "./byte-cache.ts";
import { COLUMNS, type ColumnName, NAMED, type NamedField } from "./facts.ts";
import { type IndexFile, type IndexHead, KINDS, partOf } from "./index-file.ts";
import type { Column, FrameTable, IndexView } from "./index-view.ts";
import { nameHash } from "./name-hash.ts";
import { decodePlanes, type Integers } from "./planes.ts";
import { BodyReader } from "../store/key-bytes.ts";

export interface IndexCaches {
  readonly values: ByteCache<readonly string[]>;
  readonly integers: ByteCache<Integers>;
}

/** Over a file that whoever opened it closes. */
export class SealedIndex implements IndexView {
  readonly #name: string;
  readonly #file: IndexFile;
  readonly #caches: IndexCaches;

  constructor(name: string, file: IndexFile, caches: IndexCaches) {
    this.#name = name;
    this.#file = file;
    this.#caches = caches;
  }

  get #head(): IndexHead {
    return this.#file.head;
  }
  get records(): number {
    return this.#head.records;
  }
  get firstMs(): number {
    return this.#head.firstMs;
  }
  get lastMs(): number {
    return this.#head.lastMs;
  }

  async column(name: ColumnName): Promise<Column> {
    const place = COLUMNS.indexOf(name);
    const kind = KINDS.values + place;
    const values = await this.#caches.values.load(`${this.#name}/${kind}`, async () => {
      const bytes = await this.#file.read(kind);
      return { value: readValues(bytes), bytes: 2 * bytes.length };
    });
    return { values, ids: () => this.#integers(KINDS.ids + place) };
  }

  times(): Promise<Integers> {
    return this.#integers(KINDS.times);
  }

  async frames(): Promise<FrameTable> {
    const offsets = await this.#integers(KINDS.offsets);
    const firsts = await this.#integers(KINDS.firsts);
    return { offsets, firsts, end: this.#head.end };
  }

  async named(field: NamedField, name: string): Promise<readonly number[]> {
    const kind = KINDS.names + NAMED.indexOf(field);
    const { high, low } = nameHash(field, name);
    const parts = this.#file.parts(kind);
    const reader = new BodyReader(await this.#file.read(kind, partOf(high, parts)), "an audit index");
    const [highs, lows, records] = [integersOf(reader), integersOf(reader), integersOf(reader)];
    reader.end();
    const found: number[] = [];
    for (let i = 0; i < highs.length; i++)
      if (highs[i] === high && lows[i] === low) found.push(records[i] ?? 0);
    return found;
  }

  #integers(kind: number): Promise<Integers> {
    return this.#caches.integers.load(`${this.#name}/${kind}`, async () => {
      const value = decodeIntegers(await this.#file.read(kind));
      return { value, bytes: value.byteLength };
    });
  }
}

function readValues(bytes: Uint8Array): readonly string[] {
  const list: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  if (!Array.isArray(list)) throw new Error("a column of an audit index has no values");
  return list.map(String);
}

function decodeIntegers(bytes: Uint8Array): Integers {
  const values = decodePlanes(bytes);
  if (values === undefined) throw new Error("a block of an audit index holds no integers");
  return values;
}
const integersOf = (reader: BodyReader): Integers => decodeIntegers(reader.take(reader.u32()));
