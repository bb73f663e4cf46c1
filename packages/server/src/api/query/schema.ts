/**
 * Members of an operation's input as a declarative table, and the validation texts that SDK users see. A schema's type
 * is its handler's input. Broken constraints are collected and reported together.
 */
import { fail } from "../../base/errors.ts";
import type { Form } from "./form.ts";

/** Longer values are not repeated to whoever sent them. */
const SHOWN_CHARS_MAX = 512;

export class Problems {
  readonly #texts: string[] = [];

  /** Without `value` for what is secret or long. */
  add(path: string, constraint: string, value?: string): void {
    const shown = value === undefined || value.length > SHOWN_CHARS_MAX ? "Value" : `Value '${value}'`;
    this.#texts.push(`${shown} at '${path}' failed to satisfy constraint: Member must ${constraint}`);
  }

  throwIfAny(): void {
    const n = this.#texts.length;
    if (n > 0)
      fail(
        "ValidationError",
        `${n} validation error${n === 1 ? "" : "s"} detected: ${this.#texts.join("; ")}`,
      );
  }
}

/** Reads one member: undefined when it is not given. A value that breaks a rule is reported, and nobody sees it. */
export interface Member<T, R extends boolean = boolean> {
  readonly required: R;
  /** The parameter's name where it is not the member's own. */
  readonly wire?: string;
  read(form: Form, name: string, path: string, problems: Problems): T | undefined;
}
export type Schema = Readonly<Record<string, Member<unknown>>>;
export type Input<S extends Schema> = {
  readonly [K in keyof S]: S[K] extends Member<infer T, infer R>
    ? R extends true
      ? T
      : T | undefined
    : never;
};

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function readMembers(
  schema: Schema,
  form: Form,
  prefix: string,
  path: string,
  problems: Problems,
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(schema)) {
    const wire = member.wire ?? name;
    const at = path + lowerFirst(wire);
    const value = member.read(form, prefix + wire, at, problems);
    if (value === undefined && member.required) problems.add(at, "not be null");
    input[name] = value;
  }
  return input;
}

/** Throws ValidationError. Unknown parameters are ignored, as AWS does. */
export function readInput<S extends Schema>(schema: S, form: Form): Input<S> {
  const problems = new Problems();
  const input = readMembers(schema, form, "", "", problems);
  problems.throwIfAny();
  // The parser of inputs: what it read is what the schema says.
  return input as Input<S>;
}

interface TextRules {
  readonly min?: number;
  readonly max?: number;
  /** As the API model prints it. Anchored when it is matched. */
  readonly pattern?: string;
  /** Secret, or too long to repeat. */
  readonly hidden?: boolean;
}

function text(rules: TextRules = {}): Member<string, false> {
  const { min, max, pattern } = rules;
  const matcher = pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`, "u");
  return {
    required: false,
    read(form, name, path, problems) {
      const value = form.get(name);
      if (value === undefined) return undefined;
      const shown = rules.hidden === true ? undefined : value;
      if (max !== undefined && value.length > max)
        problems.add(path, `have length less than or equal to ${max}`, shown);
      else if (min !== undefined && value.length < min)
        problems.add(path, `have length greater than or equal to ${min}`, shown);
      else if (matcher?.test(value) === false)
        problems.add(path, `satisfy regular expression pattern: ${pattern}`, shown);
      return value;
    },
  };
}

function integer(min: number, max: number): Member<number, false> {
  return {
    required: false,
    read(form, name, path, problems) {
      const value = form.get(name);
      if (value === undefined) return undefined;
      const number = /^-?[0-9]{1,10}$/.test(value) ? Number(value) : undefined;
      if (number === undefined) return fail("MalformedInput", `The parameter ${name} is not an integer.`);
      if (number > max) problems.add(path, `have value less than or equal to ${max}`, value);
      if (number < min) problems.add(path, `have value greater than or equal to ${min}`, value);
      return number;
    },
  };
}

const flag: Member<boolean, false> = {
  required: false,
  read(form, name) {
    const value = form.get(name)?.toLowerCase();
    if (value === undefined) return undefined;
    return value === "true" || value === "false"
      ? value === "true"
      : fail("MalformedInput", `The parameter ${name} is not a boolean.`);
  },
};

function oneOf<const T extends string>(values: readonly T[]): Member<T, false> {
  return {
    required: false,
    read(form, name, path, problems) {
      const given = form.get(name);
      if (given === undefined) return undefined;
      const found = values.find((value) => value === given);
      if (found === undefined) problems.add(path, `satisfy enum value set: [${values.join(", ")}]`, given);
      return found;
    },
  };
}

function list<T>(member: Member<T>, max?: number): Member<readonly T[], false> {
  return {
    required: false,
    read(form, name, path, problems) {
      const names = form.members(name);
      // `Tags=` is an empty list.
      if (names.length === 0) return form.get(name) === "" ? [] : undefined;
      if (max !== undefined && names.length > max)
        problems.add(path, `have length less than or equal to ${max}`);
      return names.flatMap((entry, i) => member.read(form, entry, `${path}.${i + 1}.member`, problems) ?? []);
    },
  };
}

function structure<S extends Schema>(schema: S): Member<Input<S>, false> {
  return {
    required: false,
    read(form, name, path, problems) {
      if (!form.hasInside(name)) return undefined;
      // As in `readInput`.
      return readMembers(schema, form, `${name}.`, `${path}.`, problems) as Input<S>;
    },
  };
}

const required = <T>(member: Member<T>): Member<T, true> => ({
  ...member,
  required: true,
  read: (form, name, path, problems) => member.read(form, name, path, problems),
});

/** For operations of one family, whose parameters differ in their names alone. */
const under = <T, R extends boolean>(wire: string, member: Member<T, R>): Member<T, R> => ({
  ...member,
  wire,
});

export const is = { text, integer, flag, oneOf, list, structure, required, under } as const;
