/**
 * Request headers as a cheap, case-insensitive view over Node's `rawHeaders`. Duplicates are joined with `,` in the
 * order received, which is also their canonical form (spec access 1.2). Values are one character per byte.
 */
export class HeaderView {
  readonly #values: ReadonlyMap<string, string>;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** `raw` is name, value, name, value … as received. */
  static fromRaw(raw: readonly string[]): HeaderView {
    const values = new Map<string, string>();
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = (raw[i] ?? "").toLowerCase();
      const value = raw[i + 1] ?? "";
      const before = values.get(name);
      values.set(name, before === undefined ? value : `${before},${value}`);
    }
    return new HeaderView(values);
  }

  /** Names in lower case are found without a copy. */
  get(name: string): string | undefined {
    return this.#values.get(name) ?? this.#values.get(name.toLowerCase());
  }

  /** As {@link get} for a name in lower case, at the price of one look-up: most headers asked for are absent. */
  find(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** `name` in lower case. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Lower-case name and joined value, in the order of first appearance. */
  entries(): IterableIterator<[string, string]> {
    return this.#values.entries();
  }

  names(): IterableIterator<string> {
    return this.#values.keys();
  }

  /** A view with further headers, by lower-case name; those already there win. */
  withDefaults(more: ReadonlyMap<string, string>): HeaderView {
    if (more.size === 0) return this;
    return new HeaderView(new Map([...more, ...this.#values]));
  }
}
