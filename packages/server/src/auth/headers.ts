/**
 * Request headers as a cheap, case-insensitive view over Node's `rawHeaders`. Duplicates are joined with `,` in the
 * order received, which is also their canonical form (spec access 1.2). Values are one character per byte.
 */

/** The names of a request's headers. A client sends the same ones in the same order, so requests share them. */
interface Shape {
  /** As received. Empty where a name came twice: then no other request has this shape. */
  readonly received: readonly string[];
  /** In lower case, in the order of first appearance. */
  readonly places: ReadonlyMap<string, number>;
}

/** The last shape of each number of headers; more than any client sends are not kept. */
const SHAPES_KEPT = 64;
const shapes: (Shape | undefined)[] = Array.from({ length: SHAPES_KEPT });

export class HeaderView {
  readonly #shape: Shape;
  readonly #values: readonly string[];

  private constructor(shape: Shape, values: readonly string[]) {
    this.#shape = shape;
    this.#values = values;
  }

  /** `raw` is name, value, name, value … as received. */
  static fromRaw(raw: readonly string[]): HeaderView {
    const count = raw.length >> 1;
    const known = shapes[count];
    if (known === undefined || !isOf(raw, known)) return fresh(raw);
    const values: string[] = [];
    for (let i = 0; i < count; i++) values.push(raw[2 * i + 1] ?? "");
    return new HeaderView(known, values);
  }

  static of(shape: Shape, values: readonly string[]): HeaderView {
    return new HeaderView(shape, values);
  }

  /** Names in lower case are found without a copy. */
  get(name: string): string | undefined {
    return this.find(name) ?? this.find(name.toLowerCase());
  }

  /** As {@link get} for a name in lower case, at the price of one look-up: most headers asked for are absent. */
  find(name: string): string | undefined {
    const place = this.#shape.places.get(name);
    return place === undefined ? undefined : this.#values[place];
  }

  /** `name` in lower case. */
  has(name: string): boolean {
    return this.#shape.places.has(name);
  }

  /** Lower-case name and joined value, in the order of first appearance. */
  *entries(): Generator<[string, string]> {
    for (const [name, place] of this.#shape.places) yield [name, this.#values[place] ?? ""];
  }

  names(): IterableIterator<string> {
    return this.#shape.places.keys();
  }

  /** As node:http's `headers`, by lower-case name. Undefined where a name came twice, or has a list for a value there. */
  object(): Record<string, string> | undefined {
    if (this.#shape.received.length === 0 || this.#shape.places.has("set-cookie")) return undefined;
    const object: Record<string, string> = {};
    let i = 0;
    for (const name of this.#shape.places.keys()) object[name] = this.#values[i++] ?? "";
    return object;
  }

  /** A view with further headers, by lower-case name; those already there win. */
  withDefaults(more: ReadonlyMap<string, string>): HeaderView {
    if (more.size === 0) return this;
    const all = new Map([...more, ...this.entries()]);
    return viewOf(all, []);
  }
}

function isOf(raw: readonly string[], { received }: Shape): boolean {
  if (2 * received.length !== raw.length) return false;
  for (let i = 0; i < received.length; i++) if (raw[2 * i] !== received[i]) return false;
  return true;
}

function fresh(raw: readonly string[]): HeaderView {
  const values = new Map<string, string>();
  const received: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const as = raw[i] ?? "";
    const name = as.toLowerCase();
    const value = raw[i + 1] ?? "";
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
    received.push(as);
  }
  if (values.size !== received.length) return viewOf(values, []);
  return viewOf(values, received);
}

function viewOf(values: ReadonlyMap<string, string>, received: readonly string[]): HeaderView {
  const places = new Map(Array.from(values.keys(), (name, i) => [name, i]));
  const shape = { received, places };
  if (received.length > 0 && received.length < SHAPES_KEPT) shapes[received.length] = shape;
  return HeaderView.of(shape, Array.from(values.values()));
}
