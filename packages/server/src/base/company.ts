/**
 * Brings together those who will wait for the same costly thing, a sync or a commit: it costs as much as the work of several
 * requests, however many wait for it.
 */
import { setImmediate as nextTurn } from "node:timers/promises";

export class Company {
  readonly #patienceMs: number;
  /** How many came together the last two times. */
  #lately: readonly [number, number] = [0, 0];

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /**
   * Resolves when the next turns of the event loop bring nobody, or patience is at its end. `waiting` tells how many wait.
   * Two turns at a time where there was company of late, since whoever is read first is alone for one.
   */
  async gather(waiting: () => number): Promise<void> {
    const endMs = performance.now() + this.#patienceMs;
    const [last, before] = this.#lately;
    const company = last > 1 || before > 1;
    let count = waiting();
    let known: number;
    do {
      known = count;
      await nextTurn();
      if (company) await nextTurn();
      count = waiting();
    } while (count > known && performance.now() < endMs);
    this.#lately = [count, last];
  }
}
