import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock, test } from "node:test";
import { trailUnavailable } from "../../audit/trail.ts";
import { silentLog } from "../../base/log.ts";
import { loadSettings } from "../config.ts";
import { openEngine } from "../engine.ts";
import { account } from "./account.ts";

test("an account whose making can't be recorded is not left behind with a secret that nobody knows", async () => {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-account-"));
  const hooks = { log: silentLog, kmsCall: () => {}, onFatal: (cause: Error) => assert.fail(cause) };
  const engine = await openEngine(loadSettings({ flags: { data: dir }, env: {} }), hooks, true);
  const shown: string[] = [];
  const create = () =>
    account(
      engine,
      { args: ["create"], options: new Map([["id", ["111122223333"]]]), beside: false },
      { out: (text) => shown.push(text), err: () => {}, progress: () => {} },
    );
  try {
    const { trail } = engine.audit;
    const written = trail.durable.bind(trail);
    let records = 0;
    const durable = mock.method(trail, "durable", (ticket: number) =>
      records++ === 0 ? written(ticket) : Promise.reject(trailUnavailable()),
    );
    await assert.rejects(create(), { code: "ServiceUnavailable" });
    assert.deepEqual(shown, []);
    assert.deepEqual(await engine.identities.accounts(), []);
    durable.mock.restore();
    assert.equal(await create(), 0);
    assert.match(shown.join("\n"), /account +111122223333[^]*secret access key/);
  } finally {
    await engine.close();
    rmSync(dir, { recursive: true });
  }
});
