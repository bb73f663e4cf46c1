/** IAM calls by name, so that a test file can tell which operations it has shown. */
import * as sdk from "@aws-sdk/client-iam";
import assert from "node:assert/strict";

/** Whatever the SDK answers: tests look at what they know. */
type Members = ReturnType<typeof JSON.parse>;
export const called = new Set<string>();

export async function call(client: sdk.IAMClient, name: string, input: unknown = {}): Promise<Members> {
  called.add(name);
  const Command = Object.entries(sdk).find(([key]) => key === `${name}Command`)?.[1] as
    | (new (
        members: unknown,
      ) => Parameters<sdk.IAMClient["send"]>[0])
    | undefined;
  assert.ok(Command, `the SDK has no ${name}`);
  return client.send(new Command(input));
}
