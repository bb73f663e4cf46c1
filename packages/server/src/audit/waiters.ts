/** Who waits for records of the trail: all whose records go into one frame share one promise. */

interface Group extends PromiseWithResolvers<void> {
  /** Of the last of its records; Infinity while one of them is put off and has none yet. */
  ticket: number;
  waiters: number;
}

export class Waiters {
  #groups: Group[] = [];
  /** The last of them, while its records wait for a frame to be sealed. */
  #joining: Group | undefined;
  /** That one, where one of its records is put off. */
  #awaitsLater: Group | undefined;

  get any(): boolean {
    return this.#groups.length > 0;
  }

  /** How many wait for the frame that is sealed next. */
  get joining(): number {
    return this.#joining?.waiters ?? 0;
  }

  join(ticket: number): Promise<void> {
    const group = this.#join();
    group.ticket = Math.max(group.ticket, ticket);
    return group.promise;
  }

  /** For records that are put off: `appendedLater` tells their ticket. */
  joinLater(): Promise<void> {
    const group = this.#join();
    group.ticket = Infinity;
    this.#awaitsLater = group;
    return group.promise;
  }

  appendedLater(ticket: number): void {
    if (this.#awaitsLater !== undefined) this.#awaitsLater.ticket = ticket;
    this.#awaitsLater = undefined;
  }

  /** The frame is: who comes now waits for another one. */
  sealed(): void {
    this.#joining = undefined;
  }

  wake(durable: number): void {
    // Nobody may join a group that has been told: what comes next is in a later frame.
    if (this.#joining !== undefined && this.#joining.ticket <= durable) this.#joining = undefined;
    for (const { ticket, resolve } of this.#groups) if (ticket <= durable) resolve();
    this.#groups = this.#groups.filter(({ ticket }) => ticket > durable);
  }

  reject(cause: Error): void {
    const groups = this.#groups;
    this.#groups = [];
    this.#joining = undefined;
    this.#awaitsLater = undefined;
    for (const { reject } of groups) reject(cause);
  }

  #join(): Group {
    if (this.#joining === undefined) {
      this.#joining = { ...Promise.withResolvers<void>(), ticket: 0, waiters: 0 };
      this.#groups.push(this.#joining);
    }
    this.#joining.waiters++;
    return this.#joining;
  }
}
