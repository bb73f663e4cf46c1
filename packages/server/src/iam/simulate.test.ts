/** What a simulation costs: what is asked for, in turns with other requests, up to a bound. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ServiceError } from "../base/errors.ts";
import { parseAccountId } from "../base/ids.ts";
import { allows, cpuMs, document } from "../policy/testing.ts";
import { nobody, questionsFrom, simulate, type SimulationInput } from "./simulate.ts";

const ACCOUNT = parseAccountId("111122223333");

/** `?` patterns that fail at their last character. */
const costly = (patterns: number): string =>
  document([
    allows(
      "*",
      Array.from({ length: patterns }, () => `arn:aws:s3:::b/${"?".repeat(100)}b`),
    ),
  ]);
function input(policies: readonly string[], actions: number, resources: number): SimulationInput {
  return {
    policies,
    boundaries: [],
    actions: Array.from({ length: actions }, (_, i) => `s3:Get${i}`),
    resources: Array.from({ length: resources }, (_, i) => `arn:aws:s3:::b/${"a".repeat(101)}${i % 10}`),
    context: new Map(),
  };
}
const run = (asked: SimulationInput, from: number, to: number) =>
  simulate(ACCOUNT, nobody(ACCOUNT, undefined), asked, [...questionsFrom(asked, from)].slice(0, to - from));

test("questions go through the actions, and for each through the resources, from any place", () => {
  const asked = input([], 3, 2);
  const all = [...questionsFrom(asked, 0)];
  assert.deepEqual(
    all.map(({ place, action }) => [place, action]),
    [0, 1, 2, 3, 4, 5].map((place) => [place, `s3:Get${Math.floor(place / 2)}`]),
  );
  assert.deepEqual([...questionsFrom(asked, 4)], all.slice(4));
  assert.deepEqual([...questionsFrom(asked, 6)], []);
});

test("other requests run while a simulation does", async () => {
  const asked = input([costly(1000)], 200, 200);
  let turns = 0;
  let over = false;
  const others = (async () => {
    for (; !over; turns++) await turn();
  })();
  const results = await run(asked, 0, 200);
  over = true;
  await others;
  assert.equal(results.length, 200);
  assert.ok(results.every(({ decision }) => decision.effect === "implicit-deny"));
  assert.ok(turns > 5, `${turns} turns`);
});

test("all questions of one request together have a bound, and it is told", async () => {
  const asked = input([costly(1000), costly(1000), costly(1000)], 200, 200);
  const started = cpuMs();
  await assert.rejects(
    run(asked, 0, 1000),
    (error) =>
      error instanceof ServiceError && error.code === "InvalidInput" && /MaxItems/.test(error.message),
  );
  assert.ok(cpuMs() - started < 5000, `${cpuMs() - started} ms`);
});
