/** Parameters of the AWS Query protocol: a form, with lists as `X.member.1` and structures as `X.Name`. */
import { fail } from "../../base/errors.ts";
import { QUERY_PARAMETERS_MAX } from "../../base/limits.ts";

export class Form {
  readonly #values: ReadonlyMap<string, string>;
  #sorted: readonly string[] | undefined;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Throws MalformedInput. A name that comes twice is refused: two readers could take different ones. */
  static parse(text: string): Form {
    const values = new Map<string, string>();
    for (const piece of text.split("&")) {
      if (piece === "") continue;
      if (values.size >= QUERY_PARAMETERS_MAX) fail("MalformedInput", "The request has too many parameters.");
      const equals = piece.indexOf("=");
      const name = decode(equals < 0 ? piece : piece.slice(0, equals));
      if (values.has(name)) fail("MalformedInput", "A parameter is given twice.");
      values.set(name, equals < 0 ? "" : decode(piece.slice(equals + 1)));
    }
    return new Form(values);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** All of it, secrets included: for the audit record, which takes what its list allows. */
  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  /** Whether anything is given under a name or inside it. */
  hasInside(name: string): boolean {
    return !this.#under(`${name}.`).next().done;
  }

  /** The names of a list's entries in order: `X.member.1`, `X.member.2`. Gaps close. */
  members(name: string): readonly string[] {
    const prefix = `${name}.member.`;
    const numbers = new Set<number>();
    for (const key of this.#under(prefix)) {
      const digits = /^[1-9][0-9]{0,5}(?=\.|$)/.exec(key.slice(prefix.length))?.[0];
      if (digits === undefined) fail("MalformedInput", `An entry of the list ${name} is not numbered.`);
      numbers.add(Number(digits));
    }
    return [...numbers].toSorted((a, b) => a - b).map((number) => `${prefix}${number}`);
  }

  /** The names with a prefix. Sorted once: every entry of a list asks, and a form may be a list of nothing but entries. */
  *#under(prefix: string): Generator<string, undefined> {
    const names = (this.#sorted ??= [...this.#values.keys()].sort());
    let low = 0;
    for (let high = names.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((names[middle] ?? "") < prefix) low = middle + 1;
      else high = middle;
    }
    for (let name = names[low]; name?.startsWith(prefix) === true; name = names[++low]) yield name;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (cause) {
    return fail("MalformedInput", { cause: cause instanceof Error ? cause.name : "unknown" });
  }
}
