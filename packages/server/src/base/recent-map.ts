/**
 * A bounded map that forgets what was not asked for lately, in two generations: when the young one is full it becomes the
 * old one, and what the old one held and nobody asked for goes all at once. Roughly least-recently-used at the cost of a
 * plain get; a `Map` kept in order of use would have to walk over its own deletions at each eviction.
 */
export class RecentMap<K, V> {
  readonly #half: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** Holds between `entries / 2` and `entries` of the entries last used. */
  constructor(entries: number) {
    this.#half = Math.max(1, Math.floor(entries / 2));
  }

  get size(): number {
    let size = this.#young.size;
    for (const key of this.#old.keys()) if (!this.#young.has(key)) size++;
    return size;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  *entries(): Generator<readonly [K, V]> {
    yield* this.#young;
    for (const entry of this.#old) if (!this.#young.has(entry[0])) yield entry;
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
