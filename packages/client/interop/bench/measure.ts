/**
 * One measurement in a process of its own: `node measure.ts WHAT ENDPOINT MIB`. Prints seconds, CPU seconds of this process
 * and the most memory it had (resident set) as JSON.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { GetObjectCommand, PutObjectCommand, S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { RawAesKeyring, S3EncryptionClient } from "../../src/index.ts";
import { BENCH_KEY } from "./parts.ts";

const MIB = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const [what = "", endpoint = "", mib = "1"] = process.argv.slice(2);
const size = Number(mib) * MIB;
const bytes = randomBytes(CHUNK_BYTES);

function* chunks(total = size): Generator<Buffer> {
  for (let left = total; left > 0; left -= CHUNK_BYTES) yield bytes.subarray(0, Math.min(left, CHUNK_BYTES));
}
/** As files and sockets do, each chunk comes in memory of its own: cold in the caches, and garbage afterwards. */
function* fresh(total: number): Generator<Buffer> {
  for (const chunk of chunks(total)) yield Buffer.from(chunk);
}
const source = (total = size): Readable => Readable.from(fresh(total), { objectMode: false });

const plain = (config: S3ClientConfig = {}): S3Client =>
  new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
    ...config,
  });
const ours = (client: S3Client): S3EncryptionClient =>
  new S3EncryptionClient({
    client,
    keyring: new RawAesKeyring({ key: BENCH_KEY }),
    enableDelayedAuthentication: true,
  });
const Bucket = "b";

async function put(client: S3Client, Key: string, total = size): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket, Key, Body: source(total), ContentLength: total }));
}
async function get(client: S3Client): Promise<void> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: "keep" }));
  if (!(Body instanceof Readable)) throw new Error("no stream");
  let read = 0;
  for await (const chunk of Body) read += chunk.length;
  if (read < size) throw new Error(`only ${read} bytes`);
}

const KINDS: Readonly<Record<string, () => Promise<void> | void>> = {
  "raw-encrypt": () => {
    const cipher = createCipheriv("aes-256-gcm", randomBytes(32), randomBytes(12));
    for (const chunk of chunks()) cipher.update(chunk);
    cipher.final();
  },
  "raw-decrypt": () => {
    const cipher = createDecipheriv("aes-256-gcm", randomBytes(32), randomBytes(12));
    for (const chunk of chunks()) cipher.update(chunk);
  },
  "plain-put": () => put(plain(), "k"),
  "our-put": () => put(ours(plain()), "k"),
  // Unframed, so that the sink has the object itself.
  fill: () => put(ours(plain({ requestChecksumCalculation: "WHEN_REQUIRED" })), "keep"),
  "plain-get": () => get(plain()),
  "our-get": () => get(ours(plain())),
  "our-multipart": async () => {
    await new Upload({ client: ours(plain()), params: { Bucket, Key: "k", Body: source() } }).done();
  },
};

const run = KINDS[what];
if (run === undefined) throw new Error(`one of ${Object.keys(KINDS).join(", ")}`);
let peak = 0;
const timer = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
const [started, cpu] = [performance.now(), process.cpuUsage()];
await run();
const used = process.cpuUsage(cpu);
const seconds = (performance.now() - started) / 1000;
clearInterval(timer);
peak = Math.max(peak, process.memoryUsage.rss());
console.log(JSON.stringify({ seconds, cpuSeconds: (used.user + used.system) / 1e6, rssMib: peak / MIB }));
process.exit(0);
