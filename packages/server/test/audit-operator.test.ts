/** What the operator changes, beside the requests of users, on record. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { at, query, verified } from "./audit/ask.ts";
import { command, CREDENTIALS, serve, temporaryDirectory } from "./serve.ts";

test("what the operator changes stands in the trail, before and after: bootstrap, credentials, commands", async () => {
  const data = temporaryDirectory();
  const file = join(data, "bootstrap.json");
  const user = { name: "eve", attached: ["arn:aws:iam::aws:policy/AdministratorAccess"] };
  const secretAccessKey = "eve-secret-1";
  const text = JSON.stringify({
    accounts: [
      { id: "111122223333", users: [{ ...user, accessKeys: [{ accessKeyId: "eve-key", secretAccessKey }] }] },
    ],
    keys: [{ keyId: "ledger" }],
    buckets: [{ name: "ledger" }],
  });
  writeFileSync(file, text);
  const details = async (event: string): Promise<readonly unknown[]> =>
    (await query(data, "--event", event, "--intents")).map((e) => at(e, "serviceEventDetails"));
  const args = ["--bootstrap", file];
  for (const credentials of [CREDENTIALS, { accessKeyId: "other-root", secretAccessKey: "other-secret" }]) {
    const server = await serve({ data, args, credentials });
    await server.stop();
  }
  const sha256 = createHash("sha256").update(text).digest("hex");
  const bucket = "000000000000:bucket/ledger";
  const changed = ["111122223333:account", "111122223333:user/eve", "000000000000:key/ledger", bucket];
  assert.deepEqual(await details("BootstrapApply"), [
    { sha256, phase: "intent" },
    { sha256, changed },
    { sha256, phase: "intent" },
    { sha256, changed: [bucket] },
  ]);
  const by = { account: "000000000000", by: "settings" };
  const first = { ...by, removed: [], accessKeyId: "test-root" };
  const second = { ...by, removed: ["test-root"], accessKeyId: "other-root" };
  assert.deepEqual(await details("RootAccessChange"), [
    { ...first, phase: "intent" },
    first,
    { ...second, phase: "intent" },
    second,
  ]);

  const strongroom = (...words: string[]) => command([...words, "--data", data]);
  const made = await strongroom("account", "create", "--id", "222233334444", "--json");
  assert.equal(made.code, 0, made.err);
  const account = JSON.parse(made.out);
  const again = await strongroom("account", "create", "--id", "222233334444");
  assert.equal(again.code, 2);
  const id = "222233334444";
  assert.deepEqual(await details("AccountCreate"), [
    { id, phase: "intent" },
    { id, accessKeyId: account.accessKeyId },
    { id, phase: "intent" },
    { id, error: "UsageError" },
  ]);
  assert.equal((await strongroom("uploads", "abort", "--older-than", "7d")).code, 0);
  assert.deepEqual(await details("UploadsAbort"), [
    { olderThan: "7d", phase: "intent" },
    { olderThan: "7d", aborted: 0 },
  ]);
  const rewrapped = await strongroom("rewrap", "--new-terms", "--remove-old-terms");
  assert.equal(rewrapped.code, 0, rewrapped.err);
  const [intent, outcome] = await details("Rewrap");
  assert.deepEqual(intent, { newTerms: true, removeOldTerms: true, phase: "intent" });
  assert.equal(at(outcome, "removedTerms"), 3);
  assert.equal((await strongroom("root-key", "change")).code, 0);
  assert.deepEqual(await details("RootKeyRotation"), [{ phase: "intent" }, { rootKeyGeneration: 2 }]);

  const all = await query(data, "--intents");
  for (const secret of [secretAccessKey, "test-root-secret", "other-secret", account.secretAccessKey])
    assert.ok(!JSON.stringify(all).includes(secret));
  assert.deepEqual((await verified(data))["problems"], []);
});

test("a name that somebody chose neither ends a line of an answer nor moves the terminal that shows it", async (t) => {
  const data = temporaryDirectory();
  const server = await serve({ data });
  t.after(() => server.killAll());
  const names = ["x\u2028forged", "x\u2029forged", "x\u009b2J", "x\u007f", "x\u202egnp", "x\u001b[2J"];
  for (const name of names) {
    const refused = await fetch(`${server.endpoint}/nobodys/${encodeURIComponent(name)}`);
    assert.ok(refused.status >= 400);
  }
  const ask = async (...more: string[]): Promise<readonly string[]> => {
    const { code, out, err } = await command([
      "audit",
      "query",
      "--data",
      data,
      "--event",
      "GetObject",
      ...more,
    ]);
    assert.equal(code, 0, err);
    return out.trimEnd().split(/\r?\n|\r|\u2028|\u2029/);
  };
  const beside = [await ask("--json"), await ask()];
  await server.stop();
  for (const [json, text] of [beside, [await ask("--json"), await ask()]]) {
    const keys = json?.map((line) => at(JSON.parse(line), "requestParameters", "key"));
    assert.deepEqual(keys?.toSorted(), names.toSorted());
    assert.equal(text?.length, names.length);
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    assert.doesNotMatch(text?.join("\n") ?? "", /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/);
  }
});
