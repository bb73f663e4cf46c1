/**
 * What was derived from rows (a credential, a bucket with its policy), kept as long as every one of them is still what
 * was read. Each use checks the revisions, so a change by any process counts with the next request; but a check costs a
 * fraction of reading, opening and deriving again.
 */
import { RecentMap } from "../base/recent-map.ts";
import type { Expect, Store } from "./port.ts";

interface Held<T> {
  readonly value: T;
  readonly seen: readonly Expect[];
}

export class Remembered<T> {
  readonly #store: Store;
  readonly #held: RecentMap<string, Held<T>>;

  constructor(store: Store, entriesMax: number) {
    this.#store = store;
    this.#held = new RecentMap(entriesMax);
  }

  /** At once where the home can tell at once; undefined: derive it again. */
  get(name: string): T | undefined | Promise<T | undefined> {
    const held = this.#held.get(name);
    if (held === undefined) return undefined;
    const holds = this.#store.holds(held.seen);
    if (holds instanceof Promise) return holds.then((h) => this.#checked(name, held, h));
    return this.#checked(name, held, holds);
  }

  #checked(name: string, held: Held<T>, holds: boolean): T | undefined {
    if (holds) return held.value;
    if (this.#held.get(name) === held) this.#held.delete(name);
    return undefined;
  }

  /** INVARIANT: `seen` names every row that `value` depends on, with the revision that was read. */
  set(name: string, value: T, seen: readonly Expect[]): void {
    // Copies: what was read may be a view that would keep a much larger buffer alive.
    const kept = seen.map(({ table, key, rev }) => ({
      table,
      key: new Uint8Array(key),
      rev: typeof rev === "string" ? rev : (new Uint8Array(rev) as typeof rev),
    }));
    this.#held.set(name, { value, seen: kept });
  }
}
