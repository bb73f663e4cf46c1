/** JSON objects of string to string, parsed strictly and written as pure ASCII (spec 3.1). */

/**
 * @example
 * ```ts
 * const description: StringMap = new Map([["generation", "2"]]);
 * console.log(description.get("generation"));
 * ```
 */
export type StringMap = ReadonlyMap<string, string>;

const SPACE = /[ \t\n\r]*/y;
// Everything from U+0020 on but the quote and the backslash, or an escape (RFC 8259 section 7).
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const NULL = /null/y;

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  take(pattern: RegExp): string | undefined {
    this.#skipSpace();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  takeChar(char: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  atEnd(): boolean {
    this.#skipSpace();
    return this.#at === this.#text.length;
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }
}

/**
 * A flat JSON object as a Map, or `undefined` for anything else: no duplicate keys, no nesting, no `__proto__` surprise.
 * A `null` value counts as absent (.NET writes one).
 * @param numbers whether a number may stand for its decimal text, as PHP writes in instruction files
 */
export function parseJsonMap(text: string, numbers = false): StringMap | undefined {
  const scan = new Scanner(text);
  const map = new Map<string, string>();
  const seen = new Set<string>();
  if (!scan.takeChar("{")) return undefined;
  if (scan.takeChar("}")) return scan.atEnd() ? map : undefined;
  do {
    const key = scan.take(STRING);
    if (key === undefined || !scan.takeChar(":")) return undefined;
    const name = unescape(key);
    if (seen.has(name)) return undefined;
    seen.add(name);
    const string = scan.take(STRING);
    const value = string === undefined ? (numbers ? scan.take(NUMBER) : undefined) : unescape(string);
    if (value !== undefined) map.set(name, value);
    else if (scan.take(NULL) === undefined) return undefined;
  } while (scan.takeChar(","));
  return scan.takeChar("}") && scan.atEnd() ? map : undefined;
}

/** The token matched STRING, so JSON.parse cannot fail and gives a string. */
function unescape(token: string): string {
  return String(JSON.parse(token));
}

/** JSON with every non-ASCII UTF-16 unit escaped, so that no transport can mangle it (spec 3.2). */
export function writeJsonMap(map: StringMap): string {
  const pairs = Array.from(map, ([key, value]) => `${ascii(key)}:${ascii(value)}`);
  return `{${pairs.join(",")}}`;
}

function ascii(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export function sameMap(a: StringMap, b: StringMap): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
