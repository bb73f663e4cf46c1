/** What an operation's file exports: a name, its input as a schema, a handler, and how the answer looks on the wire. */
import type { Kernel, Requester } from "../../kms/kernel.ts";
import { type Input, readInput, type Schema } from "./schema.ts";

export interface Call {
  readonly kms: Kernel;
  readonly requester: Requester;
}

/** The members of an answer; `undefined` members are left out. An operation without output answers nothing at all. */
export type Answer = Readonly<Record<string, unknown>> | undefined;

export interface KmsOperation {
  readonly name: string;
  run(body: unknown, call: Call): Promise<Answer>;
}

export function operation<S extends Schema, R>(definition: {
  readonly name: string;
  readonly input: S;
  readonly handle: (input: Input<S>, call: Call) => Promise<R>;
  /** Left out: the operation has no output. */
  readonly respond?: (result: R, input: Input<S>, call: Call) => Answer;
}): KmsOperation {
  const { name, input, handle, respond } = definition;
  return {
    name,
    async run(body, call) {
      const parsed = readInput(input, body);
      const result = await handle(parsed, call);
      return respond?.(result, parsed, call);
    },
  };
}
