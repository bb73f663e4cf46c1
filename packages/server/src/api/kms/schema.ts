/**
 * Request members as a declarative table, and the validation texts of spec kms 1.5. A schema's type is its handler's
 * input. Wrong JSON types fail at once (SerializationException); broken constraints are collected, then reported together.
 */
import { fail } from "../../base/errors.ts";
import {
  enumValue,
  inRange,
  type InputOf,
  memberPath,
  Problems,
  type Range,
  textCheck,
  type TextRules,
} from "../common/constraints.ts";

/** Reads one member. A value that breaks a constraint is reported, and still returned: nobody sees it. */
export interface Member<T, R extends boolean = boolean> {
  readonly required: R;
  read(value: unknown, path: string, problems: Problems): T;
}

export type Schema = Readonly<Record<string, Member<unknown>>>;
export type Input<S extends Schema> = InputOf<S>;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readMembers(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  prefix: string,
  problems: Problems,
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(schema)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    const path = prefix + memberPath(name);
    // JSON null counts as absent.
    if (given === undefined || given === null) {
      if (member.required) problems.addNull(path);
      input[name] = undefined;
    } else {
      input[name] = member.read(given, path, problems);
    }
  }
  return input;
}

export const newProblems = (): Problems => new Problems("ValidationException");

/** The whole input, or SerializationException / ValidationException. Unknown members are ignored. */
export function readInput<S extends Schema>(schema: S, body: unknown): Input<S> {
  if (!isObject(body)) fail("SerializationException", "The request body is not a JSON object.");
  const problems = newProblems();
  const input = readMembers(schema, body, "", problems);
  problems.throwIfAny();
  // The parser of inputs: what it read is what the schema says.
  return input as Input<S>;
}

function wrongType(path: string, wanted: string): never {
  fail("SerializationException", `The member at '${path}' is not ${wanted}.`);
}

/** A string. */
function text(rules: TextRules = {}): Member<string, false> {
  const check = textCheck(rules);
  return {
    required: false,
    read(value, path, problems) {
      if (typeof value !== "string") wrongType(path, "a string");
      check(value, problems, { path, shown: value });
      return value;
    },
  };
}

function oneOf<const T extends string>(values: readonly T[]): Member<T, false> {
  return {
    required: false,
    read(value, path, problems) {
      if (typeof value !== "string") wrongType(path, "a string");
      return enumValue(values, value, problems, path) as T;
    },
  };
}

function integer(min?: number, max?: number): Member<number, false> {
  return {
    required: false,
    read(value, path, problems) {
      if (typeof value !== "number" || !Number.isInteger(value)) wrongType(path, "an integer");
      inRange("value", value, { min, max }, problems, { path, shown: String(value) });
      return value;
    },
  };
}

const flag: Member<boolean, false> = {
  required: false,
  read: (value, path) => (typeof value === "boolean" ? value : wrongType(path, "a boolean")),
};

/** Epoch seconds with a fraction, or ISO 8601; milliseconds out. */
const timestamp: Member<number, false> = {
  required: false,
  read(value, path) {
    const ms = typeof value === "number" ? value * 1000 : typeof value === "string" ? Date.parse(value) : NaN;
    return Number.isFinite(ms) ? Math.round(ms) : wrongType(path, "a timestamp");
  },
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const base64Size = (s: string): number =>
  (s.length / 4) * 3 - (s.endsWith("==") ? 2 : s.endsWith("=") ? 1 : 0);

/** Bytes in base64. Its value is never shown, sensitive or not. */
function blob(rules: Range): Member<Uint8Array, false> {
  return {
    required: false,
    read(value, path, problems) {
      if (typeof value !== "string" || value.length % 4 !== 0 || !BASE64.test(value))
        wrongType(path, "base64 data");
      // A buffer of its own: it may hold a secret, and pooled ones are shared.
      const bytes = Buffer.alloc(base64Size(value));
      bytes.write(value, "base64");
      inRange("length", bytes.length, rules, problems, { path });
      return bytes;
    },
  };
}

interface ListRules extends Range {
  /** Of a list whose length is checked later, so many items are read: each may have a problem to tell of. */
  readonly lookedAtMax?: number;
}

function list<T>(item: Member<T>, rules: ListRules = {}): Member<readonly T[], false> {
  const { max = Infinity, lookedAtMax } = rules;
  return {
    required: false,
    read(value, path, problems) {
      if (!Array.isArray(value)) wrongType(path, "a list");
      inRange("length", value.length, rules, problems, { path, shown: "[]" });
      // An over-long list is not looked into.
      if (value.length > max) return [];
      return value.slice(0, lookedAtMax).map((v: unknown, i) => {
        const at = `${path}.${i + 1}.member`;
        if (v === null || v === undefined) wrongType(at, "a value");
        return item.read(v, at, problems);
      });
    },
  };
}

function structure<S extends Schema>(schema: S): Member<Input<S>, false> {
  return {
    required: false,
    read(value, path, problems) {
      if (!isObject(value)) wrongType(path, "a structure");
      return readMembers(schema, value, `${path}.`, problems) as Input<S>;
    },
  };
}

/** String to string, in the order sent. */
const stringMap: Member<ReadonlyMap<string, string>, false> = {
  required: false,
  read(value, path) {
    if (!isObject(value)) wrongType(path, "a map");
    const map = new Map<string, string>();
    for (const [key, v] of Object.entries(value))
      map.set(key, typeof v === "string" ? v : wrongType(path, "a map of strings"));
    return map;
  },
};

function required<T>(member: Member<T>): Member<T, true> {
  return { required: true, read: (value, path, problems) => member.read(value, path, problems) };
}

export const is = { text, oneOf, integer, flag, timestamp, blob, list, structure, stringMap, required };
