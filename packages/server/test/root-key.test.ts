/** The root key over real processes: refusals, a change that is cut at each of its steps, a passphrase. */
import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CreateBucketCommand, ListBucketsCommand } from "@aws-sdk/client-s3";
import { dataDir } from "../src/app/data-dir.ts";
import { rootKeyProvider } from "../src/app/root-key.ts";
import { resealKeyring } from "../src/store/keyring.ts";
import { openLocalStore } from "../src/store/local/open.ts";
import { command, serve, startCommand, temporaryDirectory } from "./serve.ts";

async function make(data: string, args: readonly string[] = []): Promise<void> {
  const served = await serve({ data, args });
  await served.s3().send(new CreateBucketCommand({ Bucket: "demo" }));
  assert.equal((await served.stop()).code, 0);
}

/** The store opens, and it is the same one. */
async function requireOpens(data: string, args: readonly string[] = []): Promise<void> {
  const served = await serve({ data, args });
  try {
    const { Buckets } = await served.s3().send(new ListBucketsCommand({}));
    assert.deepEqual(
      Buckets?.map(({ Name }) => Name),
      ["demo"],
    );
  } finally {
    await served.stop();
  }
}

async function requireRefused(data: string, text: RegExp, args: readonly string[] = []): Promise<void> {
  const given = ["--data", data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", ...args];
  const { code, err } = await command(["serve", ...given]);
  assert.equal(code, 2, err);
  assert.match(err, text);
}

test("sealed data without its root key is refused, and no new key is made", async () => {
  const data = temporaryDirectory();
  await make(data);
  const { rootKeyFile } = dataDir(data);
  const text = readFileSync(rootKeyFile, "utf8");
  chmodSync(rootKeyFile, 0o640);
  await requireRefused(data, /readable by group or others .*chmod 600/s);
  rmSync(rootKeyFile);
  await requireRefused(data, /there is no root key/);
  assert.ok(!existsSync(rootKeyFile));
  // Another store's key of the same generation.
  writeFileSync(rootKeyFile, `strongroom-root-key:v1:1:${Buffer.alloc(32, 9).toString("base64")}\n`, {
    mode: 0o600,
  });
  await requireRefused(data, /does not open|doesn't open this store's keyring/);
  writeFileSync(rootKeyFile, "not a key\n", { mode: 0o600 });
  await requireRefused(data, /does not hold a root key/);
  writeFileSync(rootKeyFile, text, { mode: 0o600 });
  await requireOpens(data);
});

test("a change of the root key that is cut after any step opens, and ends by itself or when it is run again", async (t) => {
  const data = temporaryDirectory();
  await make(data);
  const dir = dataDir(data);
  const next = `${dir.rootKeyFile}.next`;
  const provider = rootKeyProvider(undefined, dir);
  const before = readFileSync(dir.rootKeyFile, "utf8");

  // Cut after the new key was stored: the old one opens, the new one waits.
  const made = provider.prepareNext();
  await requireOpens(data);
  assert.equal(readFileSync(dir.rootKeyFile, "utf8"), before);
  assert.ok(existsSync(next));

  // Cut after the commit: only the new one opens; the next start puts it in its place.
  const store = await openLocalStore({ directory: dir.store, onFatal: (cause) => assert.fail(cause) });
  await resealKeyring(store, provider.load(), made);
  await store.close();
  const old = join(data, "old.key");
  copyFileSync(dir.rootKeyFile, old);
  await requireRefused(data, /sealed by root key generation 2/, ["--root-key", `file:${old}`]);
  await requireOpens(data);
  assert.ok(!existsSync(next));
  assert.match(readFileSync(dir.rootKeyFile, "utf8"), /^strongroom-root-key:v1:2:/);

  await t.test("killed at any time", async () => {
    for (const ms of [150, 400, 600, 800]) {
      const change = startCommand(["root-key", "change", "--data", data]);
      await new Promise((done) => setTimeout(done, ms));
      change.child.kill("SIGKILL");
      await change.ended;
    }
    const ended = await command(["root-key", "change", "--data", data]);
    assert.equal(ended.code, 0, ended.err);
    assert.ok(!existsSync(next));
    await requireOpens(data);
  });
});

test("a change beside a running server: it goes on, and so does the next start", async (t) => {
  const data = temporaryDirectory();
  const served = await serve({ data });
  t.after(() => served.killAll());
  await served.s3().send(new CreateBucketCommand({ Bucket: "demo" }));
  const changed = await command(["root-key", "change", "--data", data]);
  assert.equal(changed.code, 0, changed.err);
  assert.match(changed.out, /generation 2 .*Keep a copy elsewhere/);
  const twice = await command(["root-key", "change", "--json", "--data", data]);
  const provider = `file:${dataDir(data).rootKeyFile}`;
  assert.deepEqual(JSON.parse(twice.out), { rootGeneration: 3, provider });
  await served.s3().send(new CreateBucketCommand({ Bucket: "after" }));
  await served.killAll();
  const again = await serve({ data });
  t.after(() => again.stop());
  const { Buckets } = await again.s3().send(new ListBucketsCommand({}));
  assert.deepEqual(
    Buckets?.map(({ Name }) => Name),
    ["after", "demo"],
  );
});

test("two changes at once beside a server: each is done or refused, and the store opens", async (t) => {
  const data = temporaryDirectory();
  const served = await serve({ data });
  t.after(() => served.killAll());
  await served.s3().send(new CreateBucketCommand({ Bucket: "demo" }));
  const changes = await Promise.all([1, 2].map(() => command(["root-key", "change", "--data", data])));
  for (const { code, err } of changes)
    assert.ok(code === 0 || /another change is running/.test(err), `${code} ${err}`);
  const done = changes.filter(({ code }) => code === 0).length;
  assert.ok(done > 0);
  const text = readFileSync(dataDir(data).rootKeyFile, "utf8");
  assert.match(text, new RegExp(`^strongroom-root-key:v1:${1 + done}:`));
  await served.stop();
  await requireOpens(data);
});

test("a passphrase: its change when cut, and a backup that opens with the passphrase alone", async () => {
  const directory = temporaryDirectory();
  const data = join(directory, "data");
  const file = join(directory, "passphrase");
  writeFileSync(file, "correct horse battery staple\n", { mode: 0o600 });
  const args = ["--root-key", `passphrase:${file}`];
  await make(data, args);
  assert.ok(!existsSync(dataDir(data).rootKeyFile));
  const copy = join(directory, "copy");
  const backup = await command(["backup", copy, "--data", data, ...args]);
  assert.equal(backup.code, 0, backup.err);
  await requireOpens(copy, args);

  writeFileSync(`${file}.next`, "another horse, another staple\n", { mode: 0o600 });
  const changed = await command(["root-key", "change", "--data", data, ...args]);
  assert.equal(changed.code, 0, changed.err);
  assert.equal(readFileSync(file, "utf8"), "another horse, another staple\n");
  await requireOpens(data, args);
  // The backup was made before: it opens with the passphrase of then.
  await requireRefused(copy, /doesn't open this store's keyring/, args);

  // Cut between the two renames of the last step.
  writeFileSync(`${file}.next`, "a third passphrase\n", { mode: 0o600 });
  const dir = dataDir(data);
  const provider = rootKeyProvider(`passphrase:${file}`, dir);
  const store = await openLocalStore({ directory: dir.store, onFatal: (cause) => assert.fail(cause) });
  await resealKeyring(store, provider.load(), provider.prepareNext());
  await store.close();
  renameSync(`${file}.next`, file);
  await requireOpens(data, args);
  assert.ok(!existsSync(`${dir.passphraseSaltFile}.next`));
  await requireOpens(data, args);
});
