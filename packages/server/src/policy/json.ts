/**
 * Strict JSON for policy documents. `JSON.parse` keeps the last of two equal keys, which lets a reviewer and the evaluator
 * read different policies; here a duplicate key is an error. Depth is bounded, so that a policy bomb costs no stack; the
 * caller bounds the length. Strings know their place in the text, because a principal may have to be shown under another
 * name later (see `bindings.ts`) with the rest of the document untouched.
 */
import { POLICY_DEPTH_MAX } from "../base/limits.ts";

export type JsonNode =
  | { readonly type: "object"; readonly members: ReadonlyMap<string, JsonNode> }
  | { readonly type: "array"; readonly items: readonly JsonNode[] }
  | JsonString
  | { readonly type: "number"; readonly text: string }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "null" };
/** `start` and `end` enclose the token with its quotes, as UTF-16 offsets into the text. */
export interface JsonString {
  readonly type: "string";
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

class JsonSyntaxError extends Error {}

/** RFC 8259 without a byte order mark; undefined when the text is not strict JSON in the sense above. */
export function parseJson(text: string): JsonNode | undefined {
  try {
    const reader = new Reader(text);
    const node = reader.value(0);
    reader.end();
    return node;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;
/** A whole string token: no raw control character, only the escapes of RFC 8259 section 7. */
// oxlint-disable-next-line no-control-regex -- the grammar is about control characters
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

class Reader {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonNode {
    if (depth > POLICY_DEPTH_MAX) throw new JsonSyntaxError("too deep");
    this.#space();
    switch (this.#text.charAt(this.#at)) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", { type: "boolean", value: true });
      case "f":
        return this.#word("false", { type: "boolean", value: false });
      case "n":
        return this.#word("null", { type: "null" });
      default:
        return { type: "number", text: this.#token(NUMBER) };
    }
  }

  end(): void {
    this.#space();
    if (this.#at !== this.#text.length) throw new JsonSyntaxError("trailing text");
  }

  #object(depth: number): JsonNode {
    const members = new Map<string, JsonNode>();
    this.#at++;
    if (this.#take("}")) return { type: "object", members };
    do {
      this.#space();
      const key = this.#string().value;
      if (members.has(key)) throw new JsonSyntaxError("duplicate key");
      this.#expect(":");
      members.set(key, this.value(depth + 1));
    } while (this.#take(","));
    this.#expect("}");
    return { type: "object", members };
  }

  #array(depth: number): JsonNode {
    const items: JsonNode[] = [];
    this.#at++;
    if (this.#take("]")) return { type: "array", items };
    do items.push(this.value(depth + 1));
    while (this.#take(","));
    this.#expect("]");
    return { type: "array", items };
  }

  #string(): JsonString {
    const start = this.#at;
    const token = this.#token(STRING);
    const value: unknown = JSON.parse(token);
    // A lone surrogate has no UTF-8 form, so it could be neither stored nor matched faithfully.
    if (typeof value !== "string" || !value.isWellFormed()) throw new JsonSyntaxError("string");
    return { type: "string", value, start, end: this.#at };
  }

  #word(word: string, node: JsonNode): JsonNode {
    if (!this.#text.startsWith(word, this.#at)) throw new JsonSyntaxError("word");
    this.#at += word.length;
    return node;
  }

  #token(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const token = pattern.exec(this.#text)?.[0];
    if (token === undefined || token === "") throw new JsonSyntaxError("token");
    this.#at += token.length;
    return token;
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }

  #take(char: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #expect(char: string): void {
    if (!this.#take(char)) throw new JsonSyntaxError(char);
  }
}
