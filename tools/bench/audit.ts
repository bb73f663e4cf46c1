/**
 * The audit trail alone: what a record costs the thread that appends it, what it takes on disk, and how long questions
 * take. `node tools/bench/audit.ts [records, default 1000000]`.
 */
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SecretKey, TrailSigner } from "@strongroom/crypto";
import { eventText, newEventId } from "../../packages/server/src/audit/event.ts";
import { TrailFiles } from "../../packages/server/src/audit/files.ts";
import { identityOf } from "../../packages/server/src/audit/identity.ts";
import { Ledger } from "../../packages/server/src/audit/ledger.ts";
import { answer, newest, type Question } from "../../packages/server/src/audit/query.ts";
import { TrailReader } from "../../packages/server/src/audit/reader.ts";
import { termHash } from "../../packages/server/src/audit/terms.ts";
import { Trail } from "../../packages/server/src/audit/trail.ts";
import { verifyTrail } from "../../packages/server/src/audit/verify.ts";
import { parseAccountId } from "../../packages/server/src/base/ids.ts";
import { silentLog } from "../../packages/server/src/base/log.ts";
import { MemoryModel } from "../../packages/server/src/store/memory/model.ts";
import { openTestRecords } from "../../packages/server/src/store/test-keyring.ts";

const total = Number(process.argv[2] ?? 1_000_000);
const BATCH = 128;
const ACCOUNT = parseAccountId("111122223333");
const START_MS = Date.UTC(2026, 0, 1);
const directory = await mkdtemp(join(tmpdir(), "strongroom-bench-audit-"));
const seed = SecretKey.generate("audit");
const { keyring, records } = await openTestRecords(new MemoryModel().open());
const { storeId } = keyring;
const signer = new TrailSigner(seed);
const files = new TrailFiles(directory);
const ledger = new Ledger(records, { signer, term: 1, storeId });
const onFatal = (cause: Error): void => {
  throw cause;
};
const trail = new Trail({
  files,
  ledger,
  key: { term: 1, seed, storeId },
  clock: { now: () => Date.now() },
  log: silentLog,
  onFatal,
});
const users = Array.from({ length: 200 }, (_, u) =>
  identityOf({
    principal: {
      kind: "user",
      account: ACCOUNT,
      arn: `arn:aws:iam::${ACCOUNT}:user/user-${u}`,
      userId: `AIDA${u}`,
      name: `user-${u}`,
    },
    accessKeyId: `AKIA${u}`,
  }),
);

/** One record in a thousand is a denial; objects are spread over a million names in fifty buckets. */
function append(n: number): void {
  const identity = users[(n * 7919) % users.length];
  if (identity === undefined) return;
  const bucket = `bucket-${n % 50}`;
  const object = `arn:aws:s3:::${bucket}/data/${(n * 7919) % 1_000_003}.parquet`;
  const denied = n % 1000 === 999;
  const timeMs = START_MS + n * 10;
  const requestId = n.toString(16).padStart(16, "0");
  const text = eventText({
    identity,
    timeMs,
    service: "s3",
    name: "GetObject",
    region: "eu-central-1",
    sourceIp: "198.51.100.7",
    userAgent: "Boto3/1.43.11",
    errorCode: denied ? "AccessDenied" : undefined,
    request: `{"bucketName":"${bucket}","Host":"s3.example.test","key":"${object.slice(16)}"}`,
    response: "null",
    additional: `{"AuthenticationMethod":"AuthHeader","bytesTransferredIn":0,"bytesTransferredOut":4096,"SignatureVersion":"SigV4","SSEApplied":"SSE_KMS","keyAccess":"bucketKeyCached"}`,
    requestId,
    eventId: newEventId(timeMs),
    readOnly: true,
    resources: `[{"type":"AWS::S3::Object","ARN":"${object}"}]`,
    management: false,
    recipient: ACCOUNT,
  });
  const terms = [
    ...identity.terms,
    termHash("event", "GetObject"),
    termHash("source", "s3"),
    termHash("request", requestId),
    termHash("bucket", bucket),
    termHash("object", object),
  ];
  if (denied) terms.push(termHash("error", "AccessDenied"));
  trail.append({ text, timeMs, terms });
}

const show = (what: string, value: string): void => console.log(`${what.padEnd(58)} ${value}`);
const began = performance.now();
const cpu = process.cpuUsage();
for (let n = 0; n < total; n += BATCH) {
  for (let i = n; i < Math.min(total, n + BATCH); i++) append(i);
  await trail.flush();
}
await trail.close();
const used = process.cpuUsage(cpu);
show(`append ${total} records, frames of ${BATCH}`, `${((performance.now() - began) / 1000).toFixed(1)} s`);
show("CPU a record, all threads", `${((used.user + used.system) / total).toFixed(1)} us`);
let bytes = 0;
let index = 0;
for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const { size } = await stat(join(entry.parentPath, entry.name));
  if (entry.name.endsWith(".idx")) index += size;
  else bytes += size;
}
show("bytes a record on disk, and of index", `${(bytes / total).toFixed(0)}, ${(index / total).toFixed(1)}`);

const object = `bucket-7/data/${((total - 43) * 7919) % 1_000_003}.parquet`;
const endMs = START_MS + total * 10;
const week = { fromMs: endMs - Math.min(7 * 86_400_000, (total * 10) / 10), toMs: endMs };
const questions: readonly (readonly [string, Question])[] = [
  ["one request by id", { request: (total / 2).toString(16).padStart(16, "0") }],
  ["who read one object", { object: `bucket-${(total - 43) % 50}/${object.slice(object.indexOf("/") + 1)}` }],
  ["denied (one in a thousand)", { error: "AccessDenied" }],
  ["one principal in the last tenth", { principal: `arn:aws:iam::${ACCOUNT}:user/user-7`, ...week }],
  ["one bucket, everything (one in fifty)", { bucket: "bucket-7" }],
];
for (const [name, question] of questions) {
  const reader = new TrailReader(files, () => seed);
  const start = performance.now();
  let found = 0;
  for await (const _ of answer(reader, question)) found++;
  const ms = performance.now() - start;
  show(
    name,
    `${ms.toFixed(0)} ms, ${found} found, ${reader.counts.opened} of ${reader.counts.groups} groups read`,
  );
}
const reader = new TrailReader(files, () => seed);
const start = performance.now();
await newest(reader, { events: ["GetObject"] }, 50);
show("newest 50 (LookupEvents)", `${(performance.now() - start).toFixed(0)} ms`);
const checked = performance.now();
const { problems } = await verifyTrail({
  files,
  ledger,
  seedOf: () => seed,
  publicKeyOf: () => signer.publicKey,
});
show("verify", `${((performance.now() - checked) / 1000).toFixed(1)} s, ${problems.length} problems`);
await rm(directory, { recursive: true });
