/**
 * Which lists of counted records this process has changed since the trail last signed their counters. A checkpoint then
 * commits to them, so that a list put back together with all its records shows, too. Only what changes a list pays for
 * it, by an entry in memory: no row is shared by changes of different lists.
 */
import type { Records } from "./records.ts";
import { bytesOfHex, hexOf } from "./key-order.ts";
import { headCodec, listKey } from "./list-page.ts";

/** A list and a counter that it has reached: from now on it never has a lower one. */
export interface ListCounter {
  readonly parent: Uint8Array;
  readonly counter: number;
}

interface Drafted {
  /** What the list's counter becomes if the newest draft is committed. */
  readonly counter: number;
  looks: number;
}
/** A draft that has not shown by then was lost to another one or given up: commits take milliseconds. */
const LOOKS_MAX = 3;

export class ListChanges {
  readonly #records: Records;
  readonly #drafted = new Map<string, Drafted>();

  constructor(records: Records) {
    this.#records = records;
  }

  note(parent: Uint8Array, counter: number): void {
    this.#drafted.set(hexOf(parent), { counter, looks: 0 });
  }

  /** Where the changed lists stand by now, at most `max` of them. Nothing is forgotten before it is {@link settle}d. */
  async reached(max: number): Promise<readonly ListCounter[]> {
    const parents = [...this.#drafted.keys()].slice(0, max).map(bytesOfHex);
    if (parents.length === 0) return [];
    const rows = await this.#records.store.get(
      parents.map((parent) => ({ table: "list", key: listKey(parent, 0) })),
    );
    const found: ListCounter[] = [];
    for (const [i, parent] of parents.entries()) {
      const row = rows[i];
      // No list yet, or no more.
      if (row === undefined) this.#looked(parent, 0);
      else found.push({ parent, counter: (await this.#records.open(headCodec, "list", row)).value.counter });
    }
    return found;
  }

  /** These are on record. A list whose newest draft has not landed is looked at again. */
  settle(counters: readonly ListCounter[]): void {
    for (const { parent, counter } of counters) this.#looked(parent, counter);
  }

  #looked(parent: Uint8Array, counter: number): void {
    const name = hexOf(parent);
    const drafted = this.#drafted.get(name);
    if (drafted === undefined) return;
    drafted.looks++;
    if (drafted.counter <= counter || drafted.looks >= LOOKS_MAX) this.#drafted.delete(name);
  }
}
