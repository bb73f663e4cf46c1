/**
 * What breaks the constraints of an API's model, in the words of AWS's services (spec kms 1.5): KMS over JSON and IAM and STS
 * over forms say the same, under another code. Problems are collected, so that one answer names them all.
 */
import { fail } from "../../base/errors.ts";
import { PROBLEM_TEXTS_CHARS_MAX, PROBLEM_TEXTS_MAX } from "../../base/limits.ts";

/** All are counted, the first are told: an answer must not be many times as long as the request that it is about. */
export class Problems {
  readonly #texts: string[] = [];
  #count = 0;
  #chars = 0;
  readonly #code: "ValidationException" | "ValidationError";
  readonly #shownCharsMax: number;

  /** Values longer than `shownCharsMax` are not repeated to whoever sent them. */
  constructor(code: "ValidationException" | "ValidationError", shownCharsMax = Infinity) {
    this.#code = code;
    this.#shownCharsMax = shownCharsMax;
  }

  /** `value` absent: a sensitive member, or one without a text form; its value is never shown. */
  add(path: string, constraint: string | (() => string), value?: string): void {
    const shown = value === undefined || value.length > this.#shownCharsMax ? "Value" : `Value '${value}'`;
    this.#add(shown, path, constraint);
  }

  addNull(path: string): void {
    this.#add("Value null", path, "not be null");
  }

  #add(shown: string, path: string, constraint: string | (() => string)): void {
    this.#count++;
    if (this.#texts.length >= PROBLEM_TEXTS_MAX || this.#chars >= PROBLEM_TEXTS_CHARS_MAX) return;
    const must = typeof constraint === "string" ? constraint : constraint();
    const text = `${shown} at '${path}' failed to satisfy constraint: Member must ${must}`;
    this.#chars += text.length;
    this.#texts.push(text);
  }

  throwIfAny(): void {
    const n = this.#count;
    if (n > 0)
      fail(this.#code, `${n} validation error${n === 1 ? "" : "s"} detected: ${this.#texts.join("; ")}`);
  }
}

export interface Range {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}
/** Where a member stands, and its value as it may be shown. */
export interface At {
  readonly path: string;
  readonly shown?: string | undefined;
}

/** Whether it is in the range. Lengths of texts count UTF-16 units, as Java's do. */
export function inRange(
  what: "length" | "value",
  n: number,
  { min, max }: Range,
  problems: Problems,
  { path, shown }: At,
): boolean {
  const over = max !== undefined && n > max;
  const under = min !== undefined && n < min;
  if (over) problems.add(path, `have ${what} less than or equal to ${max}`, shown);
  if (under) problems.add(path, `have ${what} greater than or equal to ${min}`, shown);
  return !over && !under;
}

export interface TextRules extends Range {
  /** As the API model prints it. Anchored when it is matched. */
  readonly pattern?: string;
}

/** A check of texts. One that is too long is not matched with the pattern. */
export function textCheck(rules: TextRules): (value: string, problems: Problems, at: At) => void {
  const { pattern, max = Infinity } = rules;
  const matcher = pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`, "u");
  return (value, problems, at) => {
    inRange("length", value.length, rules, problems, at);
    if (value.length <= max && matcher?.test(value) === false)
      problems.add(at.path, `satisfy regular expression pattern: ${pattern}`, at.shown);
  };
}

/** The value as its own type; undefined, and a problem, for any other. */
export function enumValue<const T extends string>(
  values: readonly T[],
  given: string,
  problems: Problems,
  path: string,
): T | undefined {
  const known = values.find((value) => value === given);
  if (known === undefined) problems.add(path, () => `satisfy enum value set: [${values.join(", ")}]`, given);
  return known;
}

/** A member of an input, as far as its type goes: what its value is, and whether it must be there. */
interface Readable {
  readonly required: boolean;
  read(...args: never): unknown;
}
/** What a table of members reads to. */
export type InputOf<S extends Readonly<Record<string, Readable>>> = {
  readonly [K in keyof S]: S[K] extends { readonly required: infer R; read(...args: never): infer T }
    ? R extends true
      ? Exclude<T, undefined>
      : T | undefined
    : never;
};

/** Members are named as in the model, and in problems as in Java. */
export const memberPath = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
