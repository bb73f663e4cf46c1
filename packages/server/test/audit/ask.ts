/** What tests ask of a store's trail, through the commands that people use. */
import assert from "node:assert/strict";
import { command } from "../serve.ts";

type Json = Readonly<Record<string, unknown>>;

/** A member of nested objects and lists: `at(event, "resources", 0, "ARN")`. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (v, name) => (typeof v === "object" && v !== null ? Reflect.get(v, name) : undefined),
    value,
  );
}

export async function query(data: string, ...args: string[]): Promise<Json[]> {
  const { code, out, err } = await command(["audit", "query", "--data", data, "--json", ...args]);
  assert.equal(code, 0, err);
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

export async function verified(data: string, ...args: string[]): Promise<Json> {
  const { code, out, err } = await command(["audit", "verify", "--data", data, "--json", ...args]);
  assert.equal(code, 0, out + err);
  return JSON.parse(out);
}
