/** What an operator sees where a server can't start, or a command finds no store: the cause, the cure, and an end. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ListBucketsCommand } from "@aws-sdk/client-s3";
import { command, ON_BUN, serve, temporaryDirectory } from "./serve.ts";

/** HOST:PORT that another program has. */
async function taken(t: TestContext): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const start = (data: string, listen: string, admin: string, ...more: string[]) =>
  command(["serve", "--data", data, "--listen", listen, "--admin-listen", admin, ...more]);
/** On Bun there is one, and it shares nothing. */
const WORKERS = ON_BUN ? "1" : "2";
const ANY = "127.0.0.1:0";

test("where the admin port is another program's, serve ends, and lets go of the directory", async (t) => {
  const data = join(temporaryDirectory(), "data");
  const refused = await start(data, ANY, await taken(t));
  assert.equal(refused.code, 2);
  assert.match(refused.err, /the admin port .* can't be opened \(EADDRINUSE\); choose another/);
  const served = await serve({ data });
  assert.equal((await served.stop()).code, 0);
});

test("a first start that fails shows what it has made: nothing would show it again", async (t) => {
  const data = join(temporaryDirectory(), "data");
  const refused = await start(data, await taken(t), ANY);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /is in use by another program/);
  assert.match(refused.out, /Keep a copy of it elsewhere/);
  const accessKeyId = /export AWS_ACCESS_KEY_ID=(\S+)/.exec(refused.out)?.[1] ?? "";
  const secretAccessKey = /export AWS_SECRET_ACCESS_KEY=(\S+)/.exec(refused.out)?.[1] ?? "";
  const served = await serve({ data, credentials: false });
  t.after(() => served.stop());
  assert.ok(!served.out.includes(secretAccessKey) && served.out.includes(accessKeyId));
  await served.s3({ credentials: { accessKeyId, secretAccessKey } }).send(new ListBucketsCommand({}));
});

test("workers share their port among themselves, not with another store's", async (t) => {
  const one = await serve({ data: temporaryDirectory(), args: ["--workers", WORKERS] });
  t.after(() => one.stop());
  const other = await start(temporaryDirectory(), one.address, ANY, "--workers", WORKERS);
  assert.equal(other.code, 2);
  assert.match(other.err, /is in use by another program/);
});

test("a root key that can't be made is the operator's to mend, not a worker's to try again", async () => {
  const directory = temporaryDirectory();
  const refused = await start(
    join(directory, "data"),
    ANY,
    ANY,
    "--root-key",
    `file:${directory}/none/root.key`,
  );
  assert.equal(refused.code, 2);
  assert.match(refused.err, /^strongroom: .*none\/root\.key can't be made \(ENOENT\)/);
});

test("a command where there is no store says so, and leaves nothing behind", async () => {
  const directory = temporaryDirectory();
  const [none, empty, file] = [join(directory, "none"), join(directory, "empty"), join(directory, "file")];
  mkdirSync(empty);
  writeFileSync(file, "");
  for (const data of [none, empty]) {
    const refused = await command(["verify", "--data", data]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /^strongroom: there is no store in .*; name its directory with --data/);
    assert.ok(!existsSync(join(data, "store")));
  }
  const refused = await command(["verify", "--data", file]);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /^strongroom: the control socket can't be made in .*ENOTDIR/);
});

test("a bootstrap file that asks for what is refused ends the start, and says where; the documented one applies", async (t) => {
  const directory = temporaryDirectory();
  const bootstrap = join(directory, "bootstrap.json");
  const page = readFileSync(join(import.meta.dirname, "../../../docs/operations/bootstrap.md"), "utf8");
  const example = /```json\n([^`]*)```/.exec(page)?.[1] ?? "";
  const wrong = { keys: [{ keyId: "k-1", policy: { Version: "2012-10-17", Statement: [] } }] };
  for (const [text, why] of [
    [JSON.stringify(wrong), /^strongroom: the bootstrap file .*, key k-1: /],
    [JSON.stringify({ buckets: [{ name: "No" }] }), /^strongroom: the bootstrap file .*, bucket No: /],
    ["{", /^strongroom: the bootstrap file .* can't be read: it is not JSON/],
  ] as const) {
    writeFileSync(bootstrap, text);
    const refused = await start(join(directory, "refused"), ANY, ANY, "--bootstrap", bootstrap);
    assert.equal(refused.code, 2);
    assert.match(refused.err, why);
  }
  writeFileSync(bootstrap, example);
  const served = await serve({ data: join(directory, "data"), args: ["--bootstrap", bootstrap] });
  t.after(() => served.stop());
});
