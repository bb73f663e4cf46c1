import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Turns } from "./turns.ts";

const never = new AbortController().signal;

/** Work that ends when it is told to. */
function held(): {
  readonly work: () => Promise<number>;
  readonly begun: number[];
  readonly end: () => void;
} {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const work = async (): Promise<number> => {
    begun.push(begun.length);
    await new Promise<void>((resolve) => ends.push(resolve));
    return begun.length;
  };
  return { work, begun, end: () => ends.shift()?.() };
}

test("so many at once, the others in order of arrival", async () => {
  const turns = new Turns(2);
  const order: number[] = [];
  let running = 0;
  await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      turns.run(never, async () => {
        assert.ok(++running <= 2, `${running} at once`);
        order.push(i);
        await turn();
        running--;
      }),
    ),
  );
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("who leaves waits no longer, takes no turn, and keeps nobody from theirs", async () => {
  const turns = new Turns(1);
  const { work, begun, end } = held();
  const leaving = new AbortController();
  const first = turns.run(never, work);
  const second = turns.run(leaving.signal, work);
  const third = turns.run(never, work);
  leaving.abort();
  await assert.rejects(second, { code: "RequestTimeout" });
  await assert.rejects(turns.run(leaving.signal, work), { code: "RequestTimeout" });
  assert.equal(begun.length, 1);
  end();
  await first;
  await turn();
  assert.equal(begun.length, 2);
  end();
  await third;
});

test("a failure gives its turn back", async () => {
  const turns = new Turns(1);
  await assert.rejects(
    turns.run(never, () => Promise.reject(new Error("on purpose"))),
    /on purpose/,
  );
  assert.equal(await turns.run(never, () => Promise.resolve(1)), 1);
});
