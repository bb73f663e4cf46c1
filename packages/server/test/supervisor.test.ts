/** The parent's side of workers that do not start, or are told something while they start. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { silentLog } from "../src/base/log.ts";
import { Openings } from "../src/app/opening.ts";
import { Supervisor } from "../src/app/supervisor.ts";
import { temporaryDirectory, until } from "./serve.ts";

/** Two workers (supervisor/child.ts), and what the parent says of them. */
function supervised(t: TestContext, second: "slow" | "failing" | "refused") {
  const said: Record<string, unknown>[] = [];
  let ready = 0;
  const supervisor = new Supervisor({
    entry: join(import.meta.dirname, "supervisor/child.ts"),
    args: [second, join(temporaryDirectory(), "served")],
    workers: 2,
    env: process.env,
    log: { ...silentLog, error: (message, fields) => void said.push({ message, ...fields }) },
    openings: new Openings(silentLog),
    onReady: () => ready++,
  });
  let code: number | undefined;
  void supervisor.ended.then((ended) => (code = ended));
  t.after(async () => {
    supervisor.stop("SIGTERM");
    await supervisor.ended;
  });
  supervisor.start();
  return { supervisor, said, ready: () => ready, ended: () => code };
}

test("a worker that does not start leaves those that serve alone", async (t) => {
  const { said, ready } = supervised(t, "failing");
  const failed = (): number => said.filter(({ worker, code }) => worker === 1 && code === 1).length;
  await until("five failed starts", () => failed() === 5, 20_000);
  assert.equal(ready(), 1);
  assert.deepEqual(
    said.filter(({ message }) => message !== "a worker ended and is restarted"),
    [],
  );
});

test("SIGHUP reaches a worker that is starting once it is ready", async (t) => {
  const { supervisor, said, ready } = supervised(t, "slow");
  await until("the first is ready", () => ready() === 1);
  supervisor.reload();
  await until("both have heard", () => said.length === 2);
  const ends = said.map(({ worker, code, signal }) => ({ worker, code, signal }));
  assert.deepEqual(ends, [
    { worker: 0, code: 7, signal: null },
    { worker: 1, code: 7, signal: null },
  ]);
});

test("a worker that is refused when it starts again leaves those that serve alone", async (t) => {
  const { said, ready, ended } = supervised(t, "refused");
  const refused = (): number => said.filter(({ message }) => message === "a worker can't start again").length;
  await until("it is tried again", () => refused() === 2 || ended() !== undefined);
  assert.equal(ended(), undefined);
  assert.equal(ready(), 2);
});
