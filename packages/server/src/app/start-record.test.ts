import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock, test } from "node:test";
import { trailUnavailable } from "../audit/trail.ts";
import { silentLog } from "../base/log.ts";
import { loadSettings } from "./config.ts";
import { openEngine } from "./engine.ts";
import { recordStart } from "./start-record.ts";

test("a change of settings is told again until its record is durable, and then no more", async () => {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-start-"));
  const hooks = { log: silentLog, kmsCall: () => {}, onFatal: (cause: Error) => assert.fail(cause) };
  const engine = await openEngine(loadSettings({ flags: { data: dir }, env: {} }), hooks, true);
  try {
    const { recorder, trail } = engine.audit;
    assert.ok(recorder !== undefined);
    const service = mock.method(recorder, "service");
    /** Whether it told a change. */
    const start = async (bucketKeySeconds: number): Promise<boolean> => {
      service.mock.resetCalls();
      const starting = recordStart({ ...engine, settings: { ...engine.settings, bucketKeySeconds } });
      await starting.catch((error: unknown) => assert.match(String(error), /audit trail/));
      return service.mock.calls.some(({ arguments: [name] }) => name === "ConfigChange");
    };
    assert.equal(await start(300), false);
    const durable = mock.method(trail, "durable", () => Promise.reject(trailUnavailable()));
    assert.equal(await start(60), true);
    assert.equal(await start(60), true);
    durable.mock.restore();
    assert.equal(await start(60), true);
    assert.equal(await start(60), false);
    assert.equal(await start(300), true);
  } finally {
    await engine.close();
    rmSync(dir, { recursive: true });
  }
});
