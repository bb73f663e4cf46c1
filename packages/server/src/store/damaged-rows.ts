/**
 * Rows that do not open, for jobs that walk over many: the job passes over them, since one damaged row must not keep it
 * from all the others. Each is told once; `verify` finds them all.
 */
import { IntegrityError } from "../base/errors.ts";
import { DAMAGED_ROWS_TOLD_MAX } from "../base/limits.ts";
import { hexOf } from "./key-order.ts";
import type { RowKey } from "./port.ts";

export type TellDamage = (row: RowKey, error: IntegrityError) => void;

export class DamagedRows {
  readonly #tell: TellDamage;
  readonly #told = new Set<string>();

  constructor(tell: TellDamage) {
    this.#tell = tell;
  }

  /** What `work` on this row returns; undefined where the row, or one that belongs to it, is damaged. */
  async passOver<T>(row: RowKey, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      this.#note(row, error);
      return undefined;
    }
  }

  #note(row: RowKey, error: IntegrityError): void {
    const name = `${row.table} ${hexOf(row.key)}`;
    if (this.#told.has(name) || this.#told.size >= DAMAGED_ROWS_TOLD_MAX) return;
    this.#tell(row, error);
    this.#told.add(name);
  }
}

/** Where damage is a failure of the job itself. */
export const NO_DAMAGE = new DamagedRows((_row, error) => {
  throw error;
});
