/** A cache bounded by bytes: what was not asked for longest goes first. */
export class ByteCache<V> {
  readonly #bytesMax: number;
  readonly #held = new Map<string, { readonly value: V; readonly bytes: number }>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  async load(name: string, read: () => Promise<{ readonly value: V; readonly bytes: number }>): Promise<V> {
    const known = this.#held.get(name);
    if (known !== undefined) {
      // To the end of the map's order.
      this.#held.delete(name);
      this.#held.set(name, known);
      return known.value;
    }
    const made = await read();
    if (this.#held.has(name)) return made.value;
    this.#held.set(name, made);
    this.#bytes += made.bytes;
    for (const [old, { bytes }] of this.#held) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#held.delete(old);
      this.#bytes -= bytes;
    }
    return made.value;
  }
}
