/** What an operation's file exports: a name, its input as a schema, what it needs, a handler, and its answer in XML. */
import type { ConditionValues } from "../../base/access.ts";
import type { Caller } from "../../base/caller.ts";
import type { Form } from "./form.ts";
import { type Input, readInput, type Schema } from "./schema.ts";

export interface Need {
  /** `iam:CreateUser` */
  readonly action: string;
  readonly resource: string;
  readonly conditions?: ConditionValues;
}

/** What every call knows; services add to it. */
export interface Call {
  readonly caller: Caller;
}

/** An operation with its input read. */
export interface Prepared<C extends Call> {
  needs(call: C): Promise<readonly Need[]>;
  /** The inside of the result element; undefined for operations without output. */
  run(call: C): Promise<string | undefined>;
}

export interface QueryOperation<C extends Call> {
  readonly name: string;
  /** May come without a signature. */
  readonly unsigned: boolean;
  prepare(form: Form): Prepared<C>;
}

export interface Definition<C extends Call, S extends Schema, R> {
  readonly name: string;
  readonly unsigned?: boolean;
  readonly input: S;
  /** Left out: nothing but an identity is needed. */
  readonly needs?: (input: Input<S>, call: C) => readonly Need[] | Promise<readonly Need[]>;
  readonly handle: (input: Input<S>, call: C) => R | Promise<R>;
  /** Left out: the operation has no output. */
  readonly respond?: (result: R, input: Input<S>, call: C) => string;
}

export function queryOperation<C extends Call, S extends Schema, R>(
  definition: Definition<C, S, R>,
): QueryOperation<C> {
  const { name, unsigned = false, input: schema, needs, handle, respond } = definition;
  return {
    name,
    unsigned,
    prepare(form) {
      const input = readInput(schema, form);
      return {
        needs: async (call) => (await needs?.(input, call)) ?? [],
        run: async (call) => {
          const result = await handle(input, call);
          return respond?.(result, input, call);
        },
      };
    },
  };
}
