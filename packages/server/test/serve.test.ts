import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import {
  CreateBucketCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { CreateKeyCommand, GenerateDataKeyCommand, ListAliasesCommand } from "@aws-sdk/client-kms";
import {
  childrenOf,
  command,
  killPid,
  ON_BUN,
  serve,
  type Served,
  startCommand,
  temporaryDirectory,
  until,
} from "./serve.ts";

/** Bun's node:http can't share a port: there the same must hold with one, and more are refused. */
const WORKERS = ON_BUN ? "1" : "2";

async function putHello(served: Served): Promise<void> {
  const s3 = served.s3();
  await s3.send(new CreateBucketCommand({ Bucket: "demo" }));
  await s3.send(new PutObjectCommand({ Bucket: "demo", Key: "hello", Body: "hello" }));
}
async function hello(served: Served): Promise<string | undefined> {
  const got = await served.s3().send(new GetObjectCommand({ Bucket: "demo", Key: "hello" }));
  return got.Body?.transformToString();
}

test("a first start shows endpoint, credentials and lines to paste, and they work", async (t) => {
  const data = join(temporaryDirectory(), "data");
  const served = await serve({ data, credentials: false });
  t.after(() => served.stop());
  const { out } = served;
  const accessKeyId = /export AWS_ACCESS_KEY_ID=(\S+)/.exec(out)?.[1] ?? "";
  const secretAccessKey = /export AWS_SECRET_ACCESS_KEY=(\S+)/.exec(out)?.[1] ?? "";
  assert.match(accessKeyId, /^AKIA[A-Z0-9]{16}$/);
  assert.match(out, /Keep a copy of it elsewhere/);
  assert.ok(out.includes(`AWS_ENDPOINT_URL=${served.endpoint}`));
  const credentials = { accessKeyId, secretAccessKey };
  const s3 = served.s3({ credentials });
  await s3.send(new CreateBucketCommand({ Bucket: "demo" }));
  await s3.send(new PutObjectCommand({ Bucket: "demo", Key: "hello", Body: "hello" }));
  const head = await s3.send(new HeadObjectCommand({ Bucket: "demo", Key: "hello" }));
  assert.equal(head.ServerSideEncryption, "AES256");
  // The secret is shown this once, and the log says nothing of it.
  assert.ok(!served.err.includes(secretAccessKey));
  assert.equal((await served.stop()).code, 0);
  const again = await serve({ data, credentials: false });
  t.after(() => again.stop());
  assert.ok(!again.out.includes("SECRET_ACCESS_KEY=A") && !again.out.includes(secretAccessKey));
  assert.ok(again.out.includes(accessKeyId));
  const got = await again.s3({ credentials }).send(new GetObjectCommand({ Bucket: "demo", Key: "hello" }));
  assert.equal(await got.Body?.transformToString(), "hello");
});

test("a second serve on the same directory is refused; after kill -9 the next one starts at once", async (t) => {
  const data = temporaryDirectory();
  const served = await serve({ data });
  t.after(() => served.killAll());
  await putHello(served);
  const second = await command([
    "serve",
    "--data",
    data,
    "--listen",
    "127.0.0.1:0",
    "--admin-listen",
    "127.0.0.1:0",
  ]);
  assert.equal(second.code, 2);
  assert.match(second.err, /another strongroom serves .* already/);
  assert.equal(await hello(served), "hello");

  await t.test("a killed worker is restarted within a second", async () => {
    const [worker = 0] = served.children();
    // 0 is every process of this group.
    assert.ok(worker > 0);
    killPid(worker, "SIGKILL");
    const killedMs = Date.now();
    await until("another worker", () => served.children().some((pid) => pid !== worker));
    await until("it serves", async () => (await served.admin("/readyz")).status === 200);
    assert.equal(await hello(served), "hello", "on the same port");
    t.diagnostic(`served again after ${Date.now() - killedMs} ms`);
  });
  await t.test("the whole tree", async () => {
    await served.killAll();
    const killedMs = Date.now();
    const next = await serve({ data });
    t.after(() => next.stop());
    t.diagnostic(`started after ${Date.now() - killedMs} ms`);
    assert.equal(await hello(next), "hello");
  });
});

test("SIGTERM lets an open request end and takes no new one", async (t) => {
  const served = await serve({ data: temporaryDirectory() });
  t.after(() => served.killAll());
  await served.s3().send(new CreateBucketCommand({ Bucket: "demo" }));
  const body = Buffer.alloc(200_000, "x");
  const { socket, answer } = await openPut(served, body.length);
  socket.write(body.subarray(0, 100_000));
  const ended = served.stop();
  await until("no new connection", async () => !(await accepts(served)));
  socket.write(body.subarray(100_000));
  assert.match(await answer, /^HTTP\/1\.1 200 /);
  assert.deepEqual(await ended, { code: 0, signal: null });
});

test("npm start hands SIGTERM on to the server, as a service manager expects", async () => {
  const data = join(temporaryDirectory(), "data");
  const args = ["start", "--", "--data", data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
  const npm = spawn("npm", args, {
    cwd: join(import.meta.dirname, "../../.."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  npm.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  const ended = once(npm, "close");
  await until("it serves", () => out.includes("Strongroom is ready"), 30_000);
  npm.kill("SIGTERM");
  // Its output ends with the last of its processes.
  await ended;
  await until("the server has let go", () => !existsSync(join(data, "strongroom.sock")));
});

test("a command that still runs ends with the server, before others may take the directory", async (t) => {
  const data = temporaryDirectory();
  const served = await serve({ data });
  t.after(() => served.killAll());
  const s3 = served.s3();
  await s3.send(new CreateBucketCommand({ Bucket: "demo" }));
  // Its list is longer than what pipes and sockets hold, and nobody reads it.
  const names = Array.from({ length: 1500 }, (_, i) => `${"long-name-".repeat(60)}${i}`);
  const put = async (): Promise<void> => {
    for (let Key = names.pop(); Key !== undefined; Key = names.pop())
      await s3.send(new PutObjectCommand({ Bucket: "demo", Key, Body: "x" }));
  };
  await Promise.all(Array.from({ length: 16 }, put));
  const socket = connect(join(data, "strongroom.sock")).pause();
  socket.on("error", () => {});
  socket.write(`${JSON.stringify({ command: "inventory", args: ["--json"] })}\n`);
  const workers = served.children().length;
  await until("the command runs", () => served.children().length > workers);
  const [job = 0] = served.children().toReversed();
  const ended = await served.stop();
  assert.equal(ended.code, 0);
  assert.throws(() => process.kill(job, 0), { code: "ESRCH" });
  const next = await serve({ data });
  t.after(() => next.stop());
});

test("output that can't be written, as on a full disk, ends neither the server nor a worker", async (t) => {
  const data = temporaryDirectory();
  const full = openSync("/dev/full", "w");
  const admin = `127.0.0.1:${await freePort()}`;
  const listen = ["--listen", "127.0.0.1:0", "--admin-listen", admin, "--workers", WORKERS];
  const { child, ended } = startCommand(["serve", "--data", data, ...listen], {}, full);
  t.after(async () => {
    child.kill("SIGTERM");
    await ended;
    closeSync(full);
  });
  const ready = async (): Promise<boolean> => {
    assert.deepEqual([child.exitCode, child.signalCode], [null, null], "it has ended");
    return fetch(`http://${admin}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await until("it is ready", ready, 20_000);
  const workers = childrenOf(child.pid ?? 0);
  for (const worker of workers) killPid(worker, "SIGKILL");
  await until("it has heard", async () => !(await ready()));
  // Of each it had something to say.
  await until("others are ready", ready, 20_000);
});

test("a command whose process is killed says so", async (t) => {
  const data = temporaryDirectory();
  const served = await serve({ data });
  t.after(() => served.killAll());
  const workers = new Set(served.children());
  const asked = command(["verify", "--data", data]);
  const jobs = (): number[] => served.children().filter((pid) => !workers.has(pid));
  await until("the command runs", () => jobs().length > 0);
  for (const pid of jobs()) killPid(pid, "SIGKILL");
  const { code, err } = await asked;
  assert.equal(code, 1);
  assert.equal(err, "verify: its process was ended by SIGKILL\n");
});

/** A presigned PUT over a bare socket, so that the test decides when bytes go. Resolves when the worker asks for them. */
async function openPut(
  served: Served,
  size: number,
): Promise<{ readonly socket: Socket; readonly answer: Promise<string> }> {
  const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
  const url = await getSignedUrl(
    served.s3({ requestChecksumCalculation: "WHEN_REQUIRED" }),
    new PutObjectCommand({ Bucket: "demo", Key: "slow" }),
  );
  const target = url.slice(served.endpoint.length);
  const [host = "", port = ""] = served.address.split(":");
  const socket = connect(Number(port), host);
  socket.setEncoding("utf8");
  socket.write(
    `PUT ${target} HTTP/1.1\r\nHost: ${served.address}\r\nContent-Length: ${size}\r\nExpect: 100-continue\r\n\r\n`,
  );
  const next = (): Promise<string> =>
    new Promise((resolve, reject) => {
      socket.once("data", (text: string) => resolve(text));
      socket.once("error", reject);
    });
  assert.match(await next(), /^HTTP\/1\.1 100 /);
  return { socket, answer: next() };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(served: Served): Promise<boolean> {
  const [host = "", port = ""] = served.address.split(":");
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

test("health, readiness and metrics; calls of the key service are counted", async (t) => {
  const served = await serve({ data: temporaryDirectory(), args: ["--workers", WORKERS] });
  t.after(() => served.stop());
  await until("both workers are ready", async () => (await served.admin("/readyz")).status === 200);
  assert.deepEqual(await served.admin("/healthz"), { status: 200, body: "ok\n" });
  assert.equal((await served.admin("/other")).status, 404);
  const { KeyMetadata } = await served.kms().send(new CreateKeyCommand({}));
  // Clients of their own: connections spread over both workers, and the sum is right all the same.
  for (let i = 0; i < 5; i++)
    await served.kms().send(new GenerateDataKeyCommand({ KeyId: KeyMetadata?.KeyId, KeySpec: "AES_256" }));
  const { body } = await served.admin("/metrics");
  assert.match(body, /^strongroom_kms_calls_total\{operation="GenerateDataKey"\} 5$/m);
  assert.match(body, /^strongroom_requests_total\{service="kms",operation="CreateKey",status="200"\} 1$/m);
  assert.match(body, /^strongroom_writable 1$/m);
  assert.match(body, /^strongroom_oldest_upload_age_seconds 0$/m);
});

test("two workers on one directory: what one has acknowledged the other shows at once", async (t) => {
  const served = await serve({ data: temporaryDirectory(), args: ["--workers", WORKERS] });
  t.after(() => served.stop());
  await until("both workers are ready", async () => (await served.admin("/readyz")).status === 200);
  // Each client has a connection of its own, which the kernel gives to either worker.
  const clients = Array.from({ length: 8 }, () => served.s3());
  await clients[0]?.send(new CreateBucketCommand({ Bucket: "demo" }));
  for (let round = 0; round < 24; round++) {
    const writer = clients[round % 8];
    const reader = clients[(round * 5 + 3) % 8];
    await writer?.send(new PutObjectCommand({ Bucket: "demo", Key: "k", Body: String(round) }));
    const got = await reader?.send(new GetObjectCommand({ Bucket: "demo", Key: "k" }));
    assert.equal(await got?.Body?.transformToString(), String(round));
  }
});

test("settings: flags before environment before config file; unknown names are refused", async (t) => {
  const directory = temporaryDirectory();
  const config = join(directory, "config.json");
  writeFileSync(
    config,
    JSON.stringify({ region: "eu-north-1", account: "111122223333", adminListen: "127.0.0.1:0" }),
  );
  const served = await serve({
    data: join(directory, "data"),
    args: ["--config", config],
    env: { STRONGROOM_REGION: "eu-west-3" },
  });
  t.after(() => served.stop());
  assert.match(served.out, /region eu-west-3/);
  const aliases = await served.kms({ region: "eu-west-3" }).send(new ListAliasesCommand({}));
  assert.deepEqual(aliases.Aliases, []);

  for (const [args, env, text] of [
    [[], { STRONGROOM_REGOIN: "x" }, /STRONGROOM_REGOIN, which is no setting/],
    [["--workers", "0"], {}, /workers/],
    [["--tls-listen", "127.0.0.1:0"], {}, /go together/],
    [["--keys-over-plain-http", "always"], {}, /trusted-proxies/],
    [["--nonsense"], {}, /unknown option/],
  ] as const) {
    const refused = await command(["serve", "--data", join(directory, "other"), ...args], env);
    assert.equal(refused.code, 2, refused.err);
    assert.match(refused.err, text);
  }
});

test("root credentials of the environment are set and replaced; a bootstrap file is applied again and again", async (t) => {
  const directory = temporaryDirectory();
  const data = join(directory, "data");
  const bootstrap = join(directory, "bootstrap.json");
  writeFileSync(
    bootstrap,
    JSON.stringify({
      accounts: [
        {
          id: "111122223333",
          displayName: "Alt",
          canonicalId: "ab".repeat(32),
          accessKeys: [{ accessKeyId: "alt-key", secretAccessKey: "alt-secret-1" }],
          groups: [{ name: "crew", attached: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"] }],
          users: [
            {
              name: "ann",
              groups: ["crew"],
              accessKeys: [{ accessKeyId: "ann-key", secretAccessKey: "ann-secret-1" }],
            },
          ],
          roles: [
            {
              name: "deploy",
              trust: {
                Version: "2012-10-17",
                Statement: {
                  Effect: "Allow",
                  Principal: { AWS: "arn:aws:iam::111122223333:user/ann" },
                  Action: "sts:AssumeRole",
                },
              },
            },
          ],
        },
      ],
      keys: [{ keyId: "11111111-2222-4333-8444-555555555555", aliases: ["alias/ci"] }],
      buckets: [
        {
          name: "ci-bucket",
          versioning: "enabled",
          encryption: { algorithm: "aws:kms", kmsKeyId: "alias/ci", bucketKey: true },
          tags: { team: "ci" },
        },
      ],
    }),
  );
  const first = { accessKeyId: "chosen-1", secretAccessKey: "secret-of-1" };
  const second = { accessKeyId: "chosen-2", secretAccessKey: "secret-of-2" };
  const args = ["--bootstrap", bootstrap];
  for (const credentials of [first, first, second]) {
    const served = await serve({ data, args, credentials });
    t.after(() => served.killAll());
    const buckets = await served.s3({ credentials }).send(new ListBucketsCommand({}));
    assert.deepEqual(
      buckets.Buckets?.map(({ Name }) => Name),
      ["ci-bucket"],
    );
    const put = await served
      .s3({ credentials })
      .send(new PutObjectCommand({ Bucket: "ci-bucket", Key: "k", Body: "v" }));
    assert.equal(put.ServerSideEncryption, "aws:kms");
    assert.ok(put.VersionId !== undefined && put.BucketKeyEnabled === true);
    const alt = { accessKeyId: "alt-key", secretAccessKey: "alt-secret-1" };
    const owner = await served.s3({ credentials: alt }).send(new ListBucketsCommand({}));
    assert.equal(owner.Owner?.ID, "ab".repeat(32));
    const ann = served.s3({ credentials: { accessKeyId: "ann-key", secretAccessKey: "ann-secret-1" } });
    await ann.send(new ListBucketsCommand({}));
    await assert.rejects(ann.send(new CreateBucketCommand({ Bucket: "ann-bucket" })), {
      name: "AccessDenied",
    });
    if (credentials === second) {
      const old = served.s3({ credentials: first }).send(new ListBucketsCommand({}));
      await assert.rejects(old, { name: "InvalidAccessKeyId" });
    }
    assert.equal((await served.stop()).code, 0);
  }
});

test("a worker that is restarted applies neither bootstrap file nor root credentials again", async (t) => {
  const directory = temporaryDirectory();
  const bootstrap = join(directory, "bootstrap.json");
  const Bucket = "ci-bucket";
  writeFileSync(bootstrap, JSON.stringify({ buckets: [{ name: Bucket, versioning: "enabled" }] }));
  const served = await serve({ data: join(directory, "data"), args: ["--bootstrap", bootstrap] });
  t.after(() => served.killAll());
  const s3 = served.s3({ maxAttempts: 10 });
  const Status = "Suspended";
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  const restarted = async (): Promise<void> => {
    const [before = 0] = served.children();
    killPid(before, "SIGKILL");
    await until("another worker is ready", async () => {
      const [now = before] = served.children();
      return now !== before && (await served.admin("/readyz").catch(() => undefined))?.status === 200;
    });
  };
  await restarted();
  assert.equal((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status, Status);
  rmSync(bootstrap);
  await restarted();
  assert.equal((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status, Status);
  assert.equal((await served.stop()).code, 0);
});
