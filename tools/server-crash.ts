/**
 * The whole server under load, ended without warning, over and over: every acknowledged write reads back, nothing is half
 * there, `verify` finds nothing damaged, and the trail is whole and tells every acknowledged use of a key.
 *
 *     node tools/server-crash.ts [--rounds 5] [--seconds 6] [--workers 1]         SIGKILL of every process
 *     node tools/server-crash.ts --restless [--workers 2]                          SIGKILL of one worker after another, and
 *                                                                                  commands beside the others, as they write
 *     node tools/server-crash.ts --power SCRIPT                                    a power cut (needs root)
 *
 * SCRIPT is called as `SCRIPT start|cut|restore|destroy DIR` and keeps a file system at DIR/mnt whose power it cuts: from
 * then on its writes fail, and what was not synced is gone.
 */
import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "6" },
    workers: { type: "string", default: "1" },
    power: { type: "string" },
    restless: { type: "boolean", default: false },
  },
});
const CLIENTS = 8;
const KEYS_PER_CLIENT = 12;
const BUCKET = "crash-drill";
const MAIN = join(import.meta.dirname, "../packages/server/bin/strongroom.js");
const CREDENTIALS = { accessKeyId: "drill", secretAccessKey: "drill-secret-0123456789" };

const scratch = mkdtempSync(join(tmpdir(), "strongroom-drill-"));
const power = (verb: string): void => {
  if (options.power !== undefined)
    execFileSync(options.power, [verb, scratch, ...(verb === "start" ? ["1024"] : [])]);
};
power("start");
const data = join(options.power === undefined ? scratch : join(scratch, "mnt"), "data");

/** What a key may hold: the digest last acknowledged, or that of the write that was under way; undefined = no object. */
interface Expected {
  acknowledged: string | undefined;
  underWay: { readonly digest: string | undefined } | undefined;
}
const ledger = new Map<string, Expected>();
/** Requests that used a key and were answered: by their ids the trail must know them. */
const keyUses = new Set<string>();
const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

interface Running {
  readonly child: ChildProcess;
  readonly s3: S3Client;
}

async function start(): Promise<Running> {
  const args = [
    "serve",
    "--data",
    data,
    "--listen",
    "127.0.0.1:0",
    "--admin-listen",
    "127.0.0.1:0",
    "--workers",
    options.workers,
  ];
  const env = {
    ...process.env,
    STRONGROOM_ROOT_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    STRONGROOM_ROOT_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  };
  // A group of its own, so that all of it can be killed at once.
  const child = spawn(process.execPath, [MAIN, ...args], {
    env,
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const endpoint = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const found = /S3 and KMS\s+(http:\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const s3 = new S3Client({
    endpoint,
    region: "us-east-1",
    credentials: CREDENTIALS,
    forcePathStyle: true,
    maxAttempts: 1,
  });
  return { child, s3 };
}

async function killAll({ child }: Running): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  process.kill(-child.pid, "SIGKILL");
  await gone;
}

const SIZES = [0, 1, 900, 4096, 40_000, 70_000, 300_000];
const MODES: readonly { readonly ServerSideEncryption?: "aws:kms" | "aws:kms:dsse" }[] = [
  {},
  { ServerSideEncryption: "aws:kms" },
  { ServerSideEncryption: "aws:kms:dsse" },
];

async function write(s3: S3Client, Key: string, expected: Expected): Promise<void> {
  const choice = randomInt(20);
  const mode = MODES[randomInt(MODES.length)] ?? {};
  if (choice < 3) {
    expected.underWay = { digest: undefined };
    await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));
  } else if (choice === 3) {
    const body = randomBytes(5 * 1024 ** 2 + 17);
    expected.underWay = { digest: digestOf(body) };
    const at = { Bucket: BUCKET, Key };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...at, ...mode }));
    const parts = [body.subarray(0, 5 * 1024 ** 2), body.subarray(5 * 1024 ** 2)];
    const Parts = [];
    for (const [i, Body] of parts.entries()) {
      const { ETag } = await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: i + 1, Body }));
      Parts.push({ ETag, PartNumber: i + 1 });
    }
    await s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
  } else {
    const Body = randomBytes(SIZES[randomInt(SIZES.length)] ?? 0);
    expected.underWay = { digest: digestOf(Body) };
    const { $metadata } = await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, ...mode }));
    if (mode.ServerSideEncryption !== undefined) keyUses.add($metadata.requestId ?? "");
  }
  expected.acknowledged = expected.underWay.digest;
  expected.underWay = undefined;
}

let acknowledged = 0;
async function client(s3: S3Client, n: number, stopped: () => boolean): Promise<void> {
  while (!stopped()) {
    const key = `client-${n}/key-${randomInt(KEYS_PER_CLIENT)}`;
    const expected = ledger.get(key) ?? { acknowledged: undefined, underWay: undefined };
    ledger.set(key, expected);
    // What a crash left open is settled by the check at the end of the round.
    if (expected.underWay !== undefined) {
      await new Promise(setImmediate);
      continue;
    }
    try {
      await write(s3, key, expected);
      acknowledged++;
    } catch (error) {
      // Nobody was there to take it.
      if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED")
        expected.underWay = undefined;
      if (!stopped()) await new Promise((done) => setTimeout(done, 20));
      if (!options.restless) return;
    }
  }
}

/** Processes that come and go while the others write. */
async function disturb({ child }: Running, stopped: () => boolean): Promise<void> {
  const run = promisify(execFile);
  const pid = String(child.pid);
  while (!stopped()) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    const worker = Number(children[randomInt(children.length)]);
    if (worker > 0) process.kill(worker, "SIGKILL");
    for (const command of [
      ["account", "list"],
      ["inventory", "--bucket", BUCKET],
    ]) {
      await run(process.execPath, [MAIN, ...command, "--data", data]);
    }
  }
}

/** Reads everything back; what was under way is settled to what is there. Throws for anything else. */
async function check({ s3 }: Running): Promise<void> {
  for (const [key, expected] of ledger) {
    const found = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key })).then(
      async ({ Body }) => digestOf((await Body?.transformToByteArray()) ?? new Uint8Array()),
      (error: unknown) => {
        if (error instanceof Error && error.name === "NoSuchKey") return undefined;
        throw error;
      },
    );
    const allowed = [
      expected.acknowledged,
      ...(expected.underWay === undefined ? [] : [expected.underWay.digest]),
    ];
    if (!allowed.includes(found))
      throw new Error(
        `${key} holds ${found ?? "nothing"}, acknowledged was ${expected.acknowledged ?? "nothing"}`,
      );
    expected.acknowledged = found;
    expected.underWay = undefined;
  }
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  const listed = new Set(Contents.map(({ Key }) => Key));
  for (const [key, { acknowledged: digest }] of ledger) {
    if (listed.has(key) !== (digest !== undefined)) throw new Error(`the list is wrong about ${key}`);
  }
}

function verify(): void {
  execFileSync(process.execPath, [MAIN, "verify", "--data", data], { stdio: "inherit" });
  execFileSync(process.execPath, [MAIN, "audit", "verify", "--data", data], { stdio: "inherit" });
  const query = ["audit", "query", "--data", data, "--event", "PutObject", "--json"];
  const records = execFileSync(process.execPath, [MAIN, ...query], {
    encoding: "utf8",
    maxBuffer: 1024 ** 3,
  });
  const missing = [...keyUses].filter((id) => !records.includes(`"requestID":"${id}"`));
  if (missing.length > 0) throw new Error(`not in the trail: ${missing.join(", ")}`);
  console.log(`${keyUses.size} acknowledged uses of keys are in the trail`);
}

let running: Running | undefined;
try {
  running = await start();
  await running.s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  for (let round = 1; round <= Number(options.rounds); round++) {
    let stop = false;
    const { s3 } = running;
    const load = Array.from({ length: CLIENTS }, (_, n) => client(s3, n, () => stop));
    const disturbance = options.restless ? disturb(running, () => stop) : undefined;
    await new Promise((done) => setTimeout(done, 1000 + randomInt(Number(options.seconds) * 1000)));
    if (!options.restless) {
      power("cut");
      await killAll(running);
    }
    stop = true;
    await Promise.all([...load, disturbance]);
    const began = performance.now();
    if (!options.restless) {
      power("restore");
      running = await start();
    }
    const startMs = Math.round(performance.now() - began);
    await check(running);
    const again = options.restless ? "" : `; started again in ${startMs} ms`;
    console.log(`round ${round}: ${acknowledged} writes acknowledged so far, all read back${again}`);
  }
  verify();
  console.log(`1 passed, 0 failed`);
} finally {
  // Else what went wrong is hidden by a file system that is still in use.
  if (running !== undefined) await killAll(running);
  power("destroy");
  rmSync(scratch, { recursive: true, force: true });
}
