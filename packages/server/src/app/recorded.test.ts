import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock, test } from "node:test";
import { trailUnavailable } from "../audit/trail.ts";
import { silentLog } from "../base/log.ts";
import { loadSettings } from "./config.ts";
import { type Engine, openEngine } from "./engine.ts";
import { recorded, someNames } from "./recorded.ts";

async function withEngine(run: (engine: Engine) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-recorded-"));
  const hooks = { log: silentLog, kmsCall: () => {}, onFatal: (cause: Error) => assert.fail(cause) };
  const engine = await openEngine(loadSettings({ flags: { data: dir }, env: {} }), hooks, true);
  try {
    await run(engine);
  } finally {
    await engine.close();
    rmSync(dir, { recursive: true });
  }
}

test("nothing is done whose intent can't be written", () =>
  withEngine(async (engine) => {
    const durable = mock.method(engine.audit.trail, "durable", () => Promise.reject(trailUnavailable()));
    const work = mock.fn(() => Promise.resolve());
    const attempt = recorded(engine, { name: "Rewrap", what: {}, work, outcome: () => ({}) });
    await assert.rejects(attempt, { code: "ServiceUnavailable" });
    assert.equal(work.mock.callCount(), 0);
    durable.mock.restore();
  }));

test("what fails halfway is on record with what was done, and without its error's text", () =>
  withEngine(async (engine) => {
    const { recorder } = engine.audit;
    assert.ok(recorder !== undefined);
    const service = mock.method(recorder, "service");
    const work = () => Promise.reject(new TypeError("the secret is s3cr3t"));
    const attempt = recorded(engine, {
      name: "Rewrap",
      what: { bucket: "demo" },
      work,
      outcome: () => ({ objects: 3 }),
    });
    await assert.rejects(attempt, /s3cr3t/);
    assert.deepEqual(
      service.mock.calls.map(({ arguments: [name, , , details] }) => [name, details]),
      [
        ["Rewrap", { bucket: "demo", phase: "intent" }],
        ["Rewrap", { bucket: "demo", objects: 3, error: "TypeError" }],
      ],
    );
  }));

test("what can't be recorded once it is done is taken back", () =>
  withEngine(async (engine) => {
    let calls = 0;
    const { trail } = engine.audit;
    const written = trail.durable.bind(trail);
    const durable = mock.method(trail, "durable", (ticket: number) =>
      calls++ === 0 ? written(ticket) : Promise.reject(trailUnavailable()),
    );
    const { recorder } = engine.audit;
    assert.ok(recorder !== undefined);
    const service = mock.method(recorder, "service");
    const undone: string[] = [];
    const undo = async (made: string): Promise<void> => void undone.push(made);
    const work = () => Promise.resolve("made");
    const attempt = recorded(engine, { name: "AccountCreate", what: {}, work, outcome: () => ({}), undo });
    await assert.rejects(attempt, { code: "ServiceUnavailable" });
    assert.deepEqual(undone, ["made"]);
    assert.deepEqual(
      service.mock.calls.map(({ arguments: [, , , details] }) => details),
      [{ phase: "intent" }, {}, { takenBack: true }],
    );
    durable.mock.restore();
  }));

test("of very many names a record has the first, and the number of the others", () => {
  const names = Array.from({ length: 502 }, () => "n".repeat(1024));
  assert.deepEqual(someNames(names), [...names.slice(0, 16), "and 486 more"]);
  assert.deepEqual(someNames(names.slice(0, 16)), names.slice(0, 16));
  assert.deepEqual(someNames([]), []);
});
