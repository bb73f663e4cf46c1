import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { dataDir, ensureDataDir } from "./data-dir.ts";
import { rootKeyProvider } from "./root-key.ts";

function inDir(run: (dir: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-root-"));
  try {
    ensureDataDir(dataDir(dir));
    run(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("a key file is made with mode 0600, loads again, and is never overwritten", () =>
  inDir((dir) => {
    const provider = rootKeyProvider(undefined, dataDir(dir));
    assert.deepEqual(provider.load(), []);
    const made = provider.create();
    assert.equal(statSync(join(dir, "root.key")).mode & 0o777, 0o600);
    const [loaded] = provider.load();
    assert.ok(loaded?.key.equals(made.key));
    assert.throws(() => provider.create(), /never overwritten/);
  }));

test("a key file that others can read is refused, with the cure", () =>
  inDir((dir) => {
    const provider = rootKeyProvider(undefined, dataDir(dir));
    provider.create();
    chmodSync(join(dir, "root.key"), 0o640);
    assert.throws(() => provider.load(), /chmod 600/);
  }));

test("zero, short and malformed keys are refused", () =>
  inDir((dir) => {
    const path = join(dir, "k");
    const provider = rootKeyProvider(`file:${path}`, dataDir(dir));
    const lines = [
      `strongroom-root-key:v1:1:${Buffer.alloc(32).toString("base64")}`,
      `strongroom-root-key:v1:1:${Buffer.alloc(16, 7).toString("base64")}`,
      "",
      "hello",
    ];
    for (const line of lines) {
      writeFileSync(path, line, { mode: 0o600 });
      assert.throws(() => provider.load(), /does not hold a root key/, line);
    }
  }));

test("a killed process's second name of a key goes with the next change; one that is being written stays", () =>
  inDir((dir) => {
    const provider = rootKeyProvider(undefined, dataDir(dir));
    provider.create();
    const old = new Date(Date.now() - 120_000);
    const names = ["root.key.0123456789ab.tmp", "root.key.next.0123456789ab.tmp"];
    for (const name of names) {
      linkSync(join(dir, "root.key"), join(dir, name));
      utimesSync(join(dir, name), old, old);
    }
    for (const name of ["root.key.ba9876543210.tmp", "root.key.tmp", "other.key.0123456789ab.tmp"])
      writeFileSync(join(dir, name), "");
    utimesSync(join(dir, "other.key.0123456789ab.tmp"), old, old);
    provider.settle(provider.prepareNext().generation);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.endsWith(".tmp")),
      ["other.key.0123456789ab.tmp", "root.key.ba9876543210.tmp", "root.key.tmp"],
    );
  }));

test("a change keeps both keys until it is settled", () =>
  inDir((dir) => {
    const provider = rootKeyProvider(undefined, dataDir(dir));
    const first = provider.create();
    const next = provider.prepareNext();
    assert.equal(next.generation, 2);
    assert.ok(provider.prepareNext().key.equals(next.key), "a repeated step finds what the first left");
    assert.deepEqual(
      provider.load().map((k) => k.generation),
      [1, 2],
    );
    provider.settle(1);
    assert.equal(provider.load().length, 2, "only the next generation can be settled");
    provider.settle(2);
    const [now, ...rest] = provider.load();
    assert.equal(rest.length, 0);
    assert.ok(now?.key.equals(next.key) && !now.key.equals(first.key));
  }));

test("a passphrase gives the same key again, another passphrase another key, and nothing of it is stored", () =>
  inDir((dir) => {
    const file = join(dir, "pass");
    writeFileSync(file, "correct horse battery\n", { mode: 0o600 });
    const provider = rootKeyProvider(`passphrase:${file}`, dataDir(dir));
    const made = provider.create();
    assert.ok(provider.load()[0]?.key.equals(made.key));
    assert.ok(existsSync(join(dir, "root.salt")));
    assert.ok(!readFileSync(join(dir, "root.salt"), "utf8").includes("horse"));
    writeFileSync(file, "another passphrase\n");
    assert.ok(provider.load()[0]?.key.equals(made.key) === false);
    writeFileSync(file, "short\n");
    assert.throws(() => provider.load(), /shorter than 12 bytes/);
  }));

/** Prepares the next key in `rounds` rounds of two threads at once; says what is not on disk afterwards. */
const RACE = `
const { workerData: { dir, setting, rounds, turns }, parentPort } = require("node:worker_threads");
const together = (n) => {
  Atomics.add(turns, n, 1);
  while (Atomics.load(turns, n) < 2);
};
(async () => {
  const { rootKeyProvider } = await import(${JSON.stringify(import.meta.resolve("./root-key.ts"))});
  const { dataDir } = await import(${JSON.stringify(import.meta.resolve("./data-dir.ts"))});
  let lost = 0;
  let prepared = 0;
  for (let round = 0; round < rounds; round++) {
    const provider = rootKeyProvider(setting + round, dataDir(dir));
    let next;
    together(2 * round);
    try {
      next = provider.prepareNext();
      prepared++;
    } catch (error) {
      if (!/never overwritten/.test(error.message)) throw error;
    }
    together(2 * round + 1);
    if (next !== undefined && !provider.load().some(({ key }) => key.equals(next.key))) lost++;
  }
  parentPort.postMessage({ lost, prepared });
})();
`;

test("of two who prepare a next key at once, none holds a key that is not on disk", async () => {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-root-"));
  try {
    ensureDataDir(dataDir(dir));
    const rounds = 20;
    const setting = `file:${join(dir, "k")}`;
    for (let round = 0; round < rounds; round++) rootKeyProvider(setting + round, dataDir(dir)).create();
    const turns = new Int32Array(new SharedArrayBuffer(8 * rounds));
    const told = await Promise.all(
      [1, 2].map(async () => {
        const worker = new Worker(RACE, { eval: true, workerData: { dir, setting, rounds, turns } });
        const { promise, resolve, reject } = Promise.withResolvers<{ lost: number; prepared: number }>();
        worker.once("message", resolve);
        worker.once("error", reject);
        return promise;
      }),
    );
    assert.equal(
      told.reduce((sum, { lost }) => sum + lost, 0),
      0,
    );
    assert.ok(told.reduce((sum, { prepared }) => sum + prepared, 0) >= rounds, "one of them prepares it");
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.endsWith(".tmp")),
      [],
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("a next key of the present one's generation never takes its place", () =>
  inDir((dir) => {
    const provider = rootKeyProvider(undefined, dataDir(dir));
    provider.create();
    const next = provider.prepareNext();
    const path = join(dir, "root.key");
    copyFileSync(`${path}.next`, path);
    writeFileSync(`${path}.next`, `strongroom-root-key:v1:2:${Buffer.alloc(32, 9).toString("base64")}\n`);
    provider.settle(2);
    assert.ok(provider.load()[0]?.key.equals(next.key));
  }));

test("a key file whose directory is not there is refused, with the cure", () =>
  inDir((dir) => {
    const provider = rootKeyProvider(`file:${join(dir, "none", "root.key")}`, dataDir(dir));
    assert.throws(() => provider.create(), { name: "UsageError", message: /can't be made \(ENOENT\)/ });
  }));
