/**
 * Writers of one key in this process queue up once they meet: under contention each then commits at its first try.
 * Only a courtesy: what makes overwrites right are the conditions of their commits, because other processes write too.
 */
export class KeyQueues {
  readonly #tails = new Map<string, Promise<void>>();

  /** Nobody has met anybody. */
  get idle(): boolean {
    return this.#tails.size === 0;
  }

  contended(name: string): boolean {
    return this.#tails.has(name);
  }

  /** Resolves when all who came before have left; the result leaves. */
  async enter(name: string): Promise<() => void> {
    const before = this.#tails.get(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tails.set(name, promise);
    await before;
    return () => {
      if (this.#tails.get(name) === promise) this.#tails.delete(name);
      resolve();
    };
  }
}
