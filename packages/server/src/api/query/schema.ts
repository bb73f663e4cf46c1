/**
 * Members of an operation's input as a declarative table, and the validation texts that SDK users see. A schema's type
 * is its handler's input. Broken constraints are collected and reported together.
 */
import { fail } from "../../base/errors.ts";
import {
  enumValue,
  inRange,
  type InputOf,
  memberPath,
  Problems,
  textCheck,
  type TextRules,
} from "../common/constraints.ts";
import type { Form } from "./form.ts";

/** Longer values are not repeated to whoever sent them. */
const SHOWN_CHARS_MAX = 512;

/** Reads one member: undefined when it is not given. A value that breaks a rule is reported, and nobody sees it. */
export interface Member<T, R extends boolean = boolean> {
  readonly required: R;
  /** The parameter's name where it is not the member's own. */
  readonly wire?: string;
  read(form: Form, name: string, path: string, problems: Problems): T | undefined;
}
export type Schema = Readonly<Record<string, Member<unknown>>>;
export type Input<S extends Schema> = InputOf<S>;

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
    const at = path + memberPath(wire);
    const value = member.read(form, prefix + wire, at, problems);
    if (value === undefined && member.required) problems.addNull(at);
    input[name] = value;
  }
  return input;
}

/** Throws ValidationError. Unknown parameters are ignored, as AWS does. */
export function readInput<S extends Schema>(schema: S, form: Form): Input<S> {
  const problems = new Problems("ValidationError", SHOWN_CHARS_MAX);
  const input = readMembers(schema, form, "", "", problems);
  problems.throwIfAny();
  // The parser of inputs: what it read is what the schema says.
  return input as Input<S>;
}

interface FormTextRules extends TextRules {
  /** Secret, or too long to repeat. */
  readonly hidden?: boolean;
}

function text(rules: FormTextRules = {}): Member<string, false> {
  const check = textCheck(rules);
  return {
    required: false,
    read(form, name, path, problems) {
      const value = form.get(name);
      if (value === undefined) return undefined;
      check(value, problems, { path, shown: rules.hidden === true ? undefined : value });
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
      inRange("value", number, { min, max }, problems, { path, shown: value });
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
      return given === undefined ? undefined : enumValue(values, given, problems, path);
    },
  };
}

/** What entries beyond `max` hold is not looked at. */
function list<T>(member: Member<T>, max: number): Member<readonly T[], false> {
  return {
    required: false,
    read(form, name, path, problems) {
      const names = form.members(name);
      // `Tags=` is an empty list.
      if (names.length === 0) return form.get(name) === "" ? [] : undefined;
      if (!inRange("length", names.length, { max }, problems, { path })) return [];
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
