import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock, test } from "node:test";
import { parseAccountId } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { addTerm } from "../store/keyring.ts";
import { loadSettings } from "./config.ts";
import { openEngine } from "./engine.ts";

test("a token that names an unknown term derives no passphrase; a new term is read once", async () => {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-engine-"));
  const file = join(dir, "passphrase");
  writeFileSync(file, "correct horse battery\n", { mode: 0o600 });
  const flags = { data: join(dir, "data"), rootKey: `passphrase:${file}` };
  const hooks = { log: silentLog, kmsCall: () => {}, onFatal: (cause: Error) => assert.fail(cause) };
  const engine = await openEngine(loadSettings({ flags, env: {} }), hooks, true);
  try {
    const { keyrings, store } = engine;
    const { sessions } = engine.identities;
    assert.ok(sessions !== undefined);
    const claims = { kind: "root", account: parseAccountId("000000000000"), id: "000000000000" } as const;
    const issued = sessions.issue({ ...claims, issuedAtMs: 0, expiresAtMs: 1 });
    const roots = keyrings.roots();
    const load = mock.method(keyrings.provider, "load");
    for (let term = 2; term < 50; term++) {
      const hostile = Buffer.from(issued.sessionToken, "base64url");
      hostile.writeUInt32BE(term, 1);
      assert.equal(await sessions.open(hostile.toString("base64url")), undefined);
    }
    assert.equal(load.mock.callCount(), 0);
    assert.ok(await sessions.open(issued.sessionToken));

    // Another process adds a term: the first token that names one which is not known has it read, once.
    await addTerm(store, keyrings.current(), roots, "token");
    const asked = [2, 3, 4, 2].map((term) => {
      const hostile = Buffer.from(issued.sessionToken, "base64url");
      hostile.writeUInt32BE(term, 1);
      return sessions.open(hostile.toString("base64url"));
    });
    assert.deepEqual(await Promise.all(asked), [undefined, undefined, undefined, undefined]);
    assert.equal(load.mock.callCount(), 1);
    assert.equal(keyrings.current().current("token").term, 2);
  } finally {
    await engine.close();
    rmSync(dir, { recursive: true });
  }
});
