/** What a question asks an index, be it read from a file or being built. */
import type { ColumnName, NamedField } from "./facts.ts";
import type { Integers } from "./planes.ts";

export interface Column {
  readonly values: readonly string[];
  /** For each record the place of its value. Loaded only if the values leave it open which records match. */
  ids(): Promise<Integers>;
}

export interface FrameTable {
  readonly offsets: Integers;
  /** Number of each frame's first record in the segment. */
  readonly firsts: Integers;
  /** Behind the last frame. */
  readonly end: number;
}

/** Records are numbered from 0 in their segment. */
export interface IndexView {
  readonly records: number;
  readonly firstMs: number;
  readonly lastMs: number;
  column(name: ColumnName): Promise<Column>;
  times(): Promise<Integers>;
  frames(): Promise<FrameTable>;
  /** Records whose name has this one's hash, ascending. */
  named(field: NamedField, name: string): Promise<readonly number[]>;
}
