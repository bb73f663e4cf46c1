import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Company } from "./company.ts";

/** One more each turn, up to `most`; tells how many turns have passed. */
function arriving(most: number): {
  readonly waiting: () => number;
  readonly turns: () => number;
  readonly end: () => void;
} {
  let waiting = 1;
  let turns = 0;
  let ended = false;
  const turn = (): void => {
    if (ended) return;
    turns++;
    waiting = Math.min(waiting + 1, most);
    setImmediate(turn);
  };
  setImmediate(turn);
  return { waiting: () => waiting, turns: () => turns, end: () => (ended = true) };
}

test("whoever is alone waits for one turn", async () => {
  const company = new Company(1000);
  for (let i = 0; i < 3; i++) {
    const alone = arriving(1);
    await company.gather(alone.waiting);
    assert.equal(alone.turns(), 1);
    alone.end();
  }
});

test("waits as long as each turn brings somebody", async () => {
  const company = new Company(10_000);
  const many = arriving(20);
  await company.gather(many.waiting);
  assert.equal(many.waiting(), 20);
  many.end();
});

test("where there was company, one turn without anybody does not end it", async () => {
  const company = new Company(10_000);
  const first = arriving(5);
  await company.gather(first.waiting);
  first.end();
  let waiting = 1;
  setImmediate(() => setImmediate(() => (waiting = 2)));
  await company.gather(() => waiting);
  assert.equal(waiting, 2);
});

test("patience ends though others keep coming", async () => {
  const company = new Company(5);
  const endless = arriving(Number.POSITIVE_INFINITY);
  await company.gather(endless.waiting);
  const seen = endless.turns();
  await nextTurn();
  assert.ok(endless.turns() > seen, "others kept coming");
  endless.end();
});
