/**
 * A bounded map that forgets what was not asked for lately, in two generations: when the young one is full it becomes the
 * old one, and what the old one held and nobody asked for goes all at once. Roughly least-recently-used at the cost of a
 * plain get; a `Map` kept in order of use would have to walk over its own deletions at each eviction. Where entries differ
 * much in size, what they cost together is bounded as well.
 */
export class RecentMap<K, V> {
  readonly #half: number;
  readonly #halfCost: number;
  readonly #costOf: ((value: V) => number) | undefined;
  /** Of the young ones. */
  #cost = 0;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /**
   * Holds between `entries / 2` and `entries` of the entries last used, as long as they cost no more than `cost.max`: at
   * least half of that, and more only for an entry that alone costs more than half.
   */
  constructor(entries: number, cost?: { readonly max: number; readonly of: (value: V) => number }) {
    this.#half = Math.max(1, Math.floor(entries / 2));
    this.#halfCost = (cost?.max ?? 0) / 2;
    this.#costOf = cost?.of;
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
    if (this.#costOf !== undefined) this.#makeRoom(key, this.#costOf(value), this.#costOf);
    else if (this.#young.size >= this.#half && !this.#young.has(key)) this.#turn();
    this.#young.set(key, value);
  }

  #makeRoom(key: K, cost: number, costOf: (value: V) => number): void {
    const before = this.#young.get(key);
    if (before !== undefined) this.#cost -= costOf(before);
    const full = before === undefined && this.#young.size >= this.#half;
    if (full || (this.#cost + cost > this.#halfCost && this.#young.size > 0)) {
      // Replaced, it must not come back from the old ones.
      if (before !== undefined) this.#young.delete(key);
      this.#turn();
    }
    this.#cost += cost;
  }

  #turn(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#cost = 0;
  }

  *entries(): Generator<readonly [K, V]> {
    yield* this.#young;
    for (const entry of this.#old) if (!this.#young.has(entry[0])) yield entry;
  }

  delete(key: K): void {
    const young = this.#costOf === undefined ? undefined : this.#young.get(key);
    if (young !== undefined) this.#cost -= this.#costOf?.(young) ?? 0;
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
