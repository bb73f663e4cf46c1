import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadSettings, UsageError } from "./config.ts";

test("loadSettings() gives defaults that need no configuration", () => {
  const s = loadSettings({ flags: {}, env: { PATH: "/bin" } });
  assert.deepEqual(s.listen, { host: "127.0.0.1", port: 9000 });
  assert.equal(s.region, "us-east-1");
  assert.equal(s.keysOverPlainHttp, "loopback");
  assert.equal(s.unsignedOverPlainHttp, "loopback");
  assert.deepEqual(s.externalHosts, []);
});

test("the command line wins over the environment, the environment over the file", () => {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-config-"));
  try {
    const file = join(dir, "c.json");
    writeFileSync(file, JSON.stringify({ region: "from-file", workers: 2, domain: ["a.test"] }));
    const s = loadSettings({
      flags: { region: "from-flag" },
      configFile: file,
      env: { STRONGROOM_REGION: "from-env", STRONGROOM_WORKERS: "3" },
    });
    assert.equal(s.region, "from-flag");
    assert.equal(s.workers, 3);
    assert.deepEqual(s.domain, ["a.test"]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("unknown names are refused in the environment and in the file", () => {
  assert.throws(
    () => loadSettings({ flags: {}, env: { STRONGROOM_REGOIN: "x" } }),
    /STRONGROOM_REGOIN, which is no setting/,
  );
  assert.throws(() => loadSettings({ flags: { nope: 1 }, env: {} }), /unknown setting nope/);
});

test("settings that only make sense together are refused apart", () => {
  assert.throws(() => loadSettings({ flags: { tlsListen: "127.0.0.1:9443" }, env: {} }), UsageError);
  assert.throws(
    () => loadSettings({ flags: {}, env: { STRONGROOM_ROOT_ACCESS_KEY_ID: "abc" } }),
    /go together/,
  );
  assert.throws(() => loadSettings({ flags: { keysOverPlainHttp: "always" }, env: {} }), /--trusted-proxies/);
});

test("chosen root credentials follow the documented shapes", () => {
  const env = (id: string, secret: string) => ({
    STRONGROOM_ROOT_ACCESS_KEY_ID: id,
    STRONGROOM_ROOT_SECRET_ACCESS_KEY: secret,
  });
  assert.equal(
    loadSettings({ flags: {}, env: env("minioadmin", "minioadmin") }).rootAccessKeyId,
    "minioadmin",
  );
  assert.throws(() => loadSettings({ flags: {}, env: env("ab", "longenough") }), /3 to 128/);
  assert.throws(() => loadSettings({ flags: {}, env: env("abc", "short") }), /8 to 128/);
});

test("issuers come from the file as a list, from the environment as JSON, each with one source of keys", () => {
  const issuer = {
    issuer: "https://issuer.example",
    audiences: ["a"],
    jwksUrl: "https://issuer.example/keys",
  };
  const env = (value: unknown) =>
    loadSettings({ flags: {}, env: { STRONGROOM_OIDC_ISSUERS: JSON.stringify(value) } }).oidcIssuers;
  assert.deepEqual(env([issuer]), [
    { issuer: issuer.issuer, audiences: ["a"], jwks: { url: issuer.jwksUrl } },
  ]);
  assert.deepEqual(loadSettings({ flags: {}, env: {} }).oidcIssuers, []);
  for (const wrong of [
    "no list",
    [{ ...issuer, jwksUrl: "http://issuer.example/keys" }],
    [{ ...issuer, jwksFile: "keys.json" }],
    [{ issuer: issuer.issuer, audiences: ["a"] }],
    [{ ...issuer, audiences: [] }],
  ])
    assert.throws(() => env(wrong), /oidcIssuers/);
});
