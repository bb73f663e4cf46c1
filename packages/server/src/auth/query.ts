/** The query string, parsed once: what it means (decoded) and how it is signed (canonical, spec access 1.2). */
import { canonicalQueryText, decodeCanonical } from "./percent.ts";

interface Parameter {
  readonly name: string;
  readonly value: string;
  readonly canonicalName: string;
  readonly canonicalValue: string;
}

/** Byte order; canonical texts are ASCII, so the order of code units is that of bytes. */
function byCanonical(a: Parameter, b: Parameter): number {
  if (a.canonicalName !== b.canonicalName) return a.canonicalName < b.canonicalName ? -1 : 1;
  if (a.canonicalValue !== b.canonicalValue) return a.canonicalValue < b.canonicalValue ? -1 : 1;
  return 0;
}

/** A multi-map in the order received. A name without `=` has the empty value; empty pieces (`&&`) do not count. */
export class Query {
  static readonly EMPTY: Query = new Query([]);
  readonly #parameters: readonly Parameter[];
  #byName: Map<string, string[]> | undefined;

  private constructor(parameters: readonly Parameter[]) {
    this.#parameters = parameters;
  }

  /** `raw` is what follows the `?`. Throws InvalidURI on bad escapes and on invalid UTF-8. */
  static parse(raw: string): Query {
    if (raw === "") return Query.EMPTY;
    const parameters: Parameter[] = [];
    for (const piece of raw.split("&")) {
      if (piece === "") continue;
      const equals = piece.indexOf("=");
      const canonicalName = canonicalQueryText(equals < 0 ? piece : piece.slice(0, equals));
      const canonicalValue = equals < 0 ? "" : canonicalQueryText(piece.slice(equals + 1));
      parameters.push({
        name: decodeCanonical(canonicalName),
        value: decodeCanonical(canonicalValue),
        canonicalName,
        canonicalValue,
      });
    }
    return new Query(parameters);
  }

  get size(): number {
    return this.#parameters.length;
  }

  /** The first value. Names are case-sensitive. */
  get(name: string): string | undefined {
    return this.getAll(name)[0];
  }

  has(name: string): boolean {
    return this.#parameters.length > 0 && this.#index().has(name);
  }

  getAll(name: string): readonly string[] {
    return this.#parameters.length === 0 ? [] : (this.#index().get(name) ?? []);
  }

  *entries(): Generator<readonly [name: string, value: string]> {
    for (const p of this.#parameters) yield [p.name, p.value];
  }

  /** The canonical query; for presigned requests without the one parameter `omit`, which cannot sign itself. */
  canonical(omit?: string): string {
    if (this.#parameters.length === 0) return "";
    const kept = omit === undefined ? this.#parameters : this.#parameters.filter((p) => p.name !== omit);
    let text = "";
    for (const p of kept.length > 1 ? kept.toSorted(byCanonical) : kept) {
      text += `${text === "" ? "" : "&"}${p.canonicalName}=${p.canonicalValue}`;
    }
    return text;
  }

  /** Built on the first look-up, so that a hostile number of parameters costs linear time. */
  #index(): Map<string, string[]> {
    if (this.#byName !== undefined) return this.#byName;
    const index = new Map<string, string[]>();
    for (const p of this.#parameters) {
      const values = index.get(p.name);
      if (values === undefined) index.set(p.name, [p.value]);
      else values.push(p.value);
    }
    this.#byName = index;
    return index;
  }
}
