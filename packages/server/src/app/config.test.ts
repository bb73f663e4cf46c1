import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadSettings, UsageError } from "./config.ts";
import { authority } from "./setting-values.ts";

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
    assert.throws(() => env(wrong), /OIDC_ISSUERS/);
});

const refusal = (env: Record<string, string>, flags: Record<string, unknown> = {}): string => {
  try {
    loadSettings({ flags, env });
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message;
  }
  return "";
};

test("a refusal names what gave the value, the value, and what is wanted", () => {
  assert.match(
    refusal({ STRONGROOM_WORKERS: "abc" }),
    /STRONGROOM_WORKERS: "abc" is not a whole number from 1/,
  );
  assert.match(refusal({}, { workers: "0" }), /--workers: "0" is not a whole number from 1 to 64/);
  assert.match(
    refusal({}, { logLevel: "loud" }),
    /--log-level: "loud" is not one of debug, info, warn, error/,
  );
  assert.match(refusal({}, { region: "US EAST" }), /--region: "US EAST" is not the name of a region/);
  assert.match(refusal({}, { listen: "9000" }), /--listen: "9000" is not HOST:PORT, for example/);
  const secret = refusal({
    STRONGROOM_ROOT_ACCESS_KEY_ID: "abc",
    STRONGROOM_ROOT_SECRET_ACCESS_KEY: "s3cr3t",
  });
  assert.match(secret, /STRONGROOM_ROOT_SECRET_ACCESS_KEY: 8 to 128/);
  assert.ok(!secret.includes("s3cr3t"));
});

test("an empty text is no number: it would switch the reserve of free space off", () => {
  assert.match(refusal({ STRONGROOM_MIN_FREE_BYTES: "" }), /"" is not a whole number of at least 0/);
  assert.match(refusal({ STRONGROOM_BUCKET_KEY_SECONDS: " " }), /" " is not a whole number/);
  assert.match(refusal({ STRONGROOM_WORKERS: "0x2" }), /"0x2" is not/);
  assert.match(refusal({}, { minFreeBytes: null }), /null is not/);
  assert.equal(loadSettings({ flags: {}, env: { STRONGROOM_MIN_FREE_BYTES: "0" } }).minFreeBytes, 0);
  assert.equal(loadSettings({ flags: { workers: 3 }, env: {} }).workers, 3);
});

test("members of lists that could never match are refused; the others are kept as they are compared", () => {
  assert.match(refusal({}, { trustedProxies: "10.0.0.0/8" }), /"10.0.0.0\/8" is not addresses.*no ranges/);
  assert.match(refusal({}, { trustedProxies: "proxy.example" }), /no names/);
  assert.match(refusal({}, { kmsOrigins: "app.example" }), /is not origins of pages/);
  assert.match(refusal({}, { kmsOrigins: "https://app.example/path" }), /is not origins of pages/);
  assert.match(refusal({}, { domain: "s3.example.com:9000" }), /without a port/);
  assert.match(refusal({}, { domain: "a,,b" }), /is not host names/);
  assert.match(refusal({}, { externalHosts: "https://store.example.com/" }), /is not host names/);
  const s = loadSettings({
    flags: {
      trustedProxies: "10.0.0.1, 2001:DB8:0:0::1, ::ffff:10.0.0.2, FE80:0::1%eth0",
      kmsOrigins: "https://App.example:443/,http://localhost:3000,*",
      domain: "S3.Example.com",
      externalHosts: "store.example.com:8443,[::1]:9000",
    },
    env: {},
  });
  assert.deepEqual(s.trustedProxies, ["10.0.0.1", "2001:db8::1", "10.0.0.2", "fe80::1%eth0"]);
  assert.deepEqual(s.kmsOrigins, ["https://app.example", "http://localhost:3000", "*"]);
  assert.deepEqual(s.domain, ["s3.example.com"]);
  assert.deepEqual(s.externalHosts, ["store.example.com:8443", "[::1]:9000"]);
});

test("a config file that can't be read says why, and shows nothing of its text", () => {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-config-"));
  try {
    const configFile = join(dir, "c.json");
    const load = () => loadSettings({ flags: {}, env: {}, configFile });
    assert.throws(load, /the config file .*c\.json can't be read: ENOENT/);
    writeFileSync(configFile, '{"rootSecretAccessKey": hunter2}');
    assert.throws(
      load,
      (error: Error) => /it is not JSON/.test(error.message) && !/hunter/.test(error.message),
    );
    writeFileSync(configFile, '["data"]');
    assert.throws(load, /not a JSON object of settings/);
    writeFileSync(configFile, '{"lissten": "127.0.0.1:1", "workers": "x"}');
    assert.throws(
      load,
      /workers in .*c\.json: "x" is not(.|\n)*lissten in .*c\.json: unknown setting lissten/,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("addresses are shown as URLs have them", () => {
  const { listen, adminListen } = loadSettings({ flags: { adminListen: "[::1]:9001" }, env: {} });
  assert.equal(authority(listen), "127.0.0.1:9000");
  assert.equal(authority(adminListen), "[::1]:9001");
});
