/**
 * The audit trail alone: what a record costs the thread that appends it, what it takes on disk, and how long questions
 * take. `node tools/bench/audit.ts [records, default 1000000] [--no-sync]`; without syncs ten million records are made in
 * minutes, and questions do not care. Each question is asked by a reader that knows nothing yet, as the command is.
 */
import { mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SecretKey, TrailSigner } from "@strongroom/crypto";
import { countBy } from "../../packages/server/src/audit/count.ts";
import { TrailFiles } from "../../packages/server/src/audit/files.ts";
import type { TrailFile } from "../../packages/server/src/audit/synced-file.ts";
import { Ledger } from "../../packages/server/src/audit/ledger.ts";
import { answer, newest, type Question } from "../../packages/server/src/audit/query.ts";
import { TrailReader } from "../../packages/server/src/audit/reader.ts";
import { Trail } from "../../packages/server/src/audit/trail.ts";
import { verifyTrail } from "../../packages/server/src/audit/verify.ts";
import { silentLog } from "../../packages/server/src/base/log.ts";
import { MemoryModel } from "../../packages/server/src/store/memory/model.ts";
import { openTestRecords } from "../../packages/server/src/store/test-keyring.ts";
import {
  ACCOUNT,
  GAP_MS,
  KEYS,
  objectOf,
  recordAt,
  requestOf,
  START_MS,
  userArn,
} from "./lib/audit-records.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "no-sync": { type: "boolean", default: false } },
});
const total = Number(positionals[0] ?? 1_000_000);
const BATCH = 128;
const LIMIT = 100;

class UnsyncedFiles extends TrailFiles {
  override async create(stream: string, number: number, header: Uint8Array): Promise<TrailFile> {
    const made = await super.create(stream, number, header);
    await made.close();
    const file = await open(this.path(stream, number, "seg"), "r+");
    return {
      write: async (bytes, at) => void (await file.write(bytes, 0, bytes.length, at)),
      close: () => file.close(),
    };
  }
}

const directory = await mkdtemp(join(tmpdir(), "strongroom-bench-audit-"));
const seed = SecretKey.generate("audit");
const { keyring, records } = await openTestRecords(new MemoryModel().open());
const { storeId } = keyring;
const signer = new TrailSigner(seed);
const files = values["no-sync"] ? new UnsyncedFiles(directory) : new TrailFiles(directory);
const ledger = new Ledger(records, { signer, term: 1, storeId });
const onFatal = (cause: Error): void => {
  throw cause;
};
const makeTrail = (): Trail =>
  new Trail({
    files,
    ledger,
    key: { term: 1, seed, storeId },
    clock: { now: () => Date.now() },
    log: silentLog,
    onFatal,
  });

const show = (what: string, value: string): void => console.log(`${what.padEnd(62)} ${value}`);
try {
  await generate();
  await sizes();
  await questions();
  await check();
} finally {
  await rm(directory, { recursive: true });
}

/** Two streams at a time, as of two workers. */
async function generate(): Promise<void> {
  const began = performance.now();
  const cpu = process.cpuUsage();
  const trails = [makeTrail(), makeTrail()];
  for (let n = 0; n < total; n += BATCH) {
    const trail = trails[(n / BATCH) % 2];
    for (let i = n; i < Math.min(total, n + BATCH); i++) trail?.append(recordAt(i));
    await trail?.flush();
  }
  for (const trail of trails) await trail.close();
  const used = process.cpuUsage(cpu);
  const seconds = (performance.now() - began) / 1000;
  show(`append ${total} records, frames of ${BATCH}`, `${seconds.toFixed(1)} s`);
  show(
    "CPU a record, all threads, making it included",
    `${((used.user + used.system) / total).toFixed(1)} us`,
  );
}

async function sizes(): Promise<void> {
  let bytes = 0;
  let index = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { size } = await stat(join(entry.parentPath, entry.name));
    if (entry.name.endsWith(".idx")) index += size;
    else bytes += size;
  }
  show(
    "bytes a record on disk, and of index",
    `${(bytes / total).toFixed(0)}, ${(index / total).toFixed(1)}`,
  );
}

async function questions(): Promise<void> {
  // A read, and the next record is the key use that it caused.
  const middle = Math.floor(total / 200) * 100 + 18;
  const endMs = START_MS + total * GAP_MS;
  const lately = { fromMs: endMs - (total * GAP_MS) / 10 };
  const principal = userArn(7);
  const key = KEYS[3] ?? "";
  const object = objectOf(middle);
  const uses = ["Decrypt", "GetObject", "CopyObject"];
  const denials = { source: "kms", events: ["Decrypt", "GenerateDataKey"], error: "AccessDenied" };
  await page("one request and its key uses, by id", { request: requestOf(middle) });
  await all("who read one object", { object, events: ["GetObject"] });
  await page("what one principal did, newest 100", { principal });
  await page("what it decrypted in the last tenth, newest 100", { principal, events: uses, ...lately });
  await count("how much it decrypted, by day", { principal, events: uses, error: "none" }, ["day"]);
  await page("who used one key, newest 100", { key });
  await count("who used one key and when last, by principal", { key, error: "none" }, ["principal"]);
  await page("denied uses of keys, newest 100", denials);
  await count("denied uses of keys, by principal and key", denials, ["principal", "key"]);
  await count("all denials, counted", { error: "AccessDenied" }, []);
  await page("one bucket, newest 100", { bucket: "bucket-7" });
  await count("one bucket, by event and principal", { bucket: "bucket-7" }, ["event", "principal"]);
  await page("changes of policies, newest 100 (there are none)", { events: ["PutKeyPolicy", "CreateGrant"] });
  await count("what one access key did, by address and event", { accessKey: "AKIA7" }, ["ip", "event"]);
  await count("everything, by event and error", {}, ["event", "error"]);
  await page("LookupEvents: newest 50 management events", { management: true, account: ACCOUNT }, 50);
}

async function page(name: string, question: Question, limit = LIMIT): Promise<void> {
  await timed(name, async (reader) => (await newest(reader, question, limit)).length);
}
async function all(name: string, question: Question): Promise<void> {
  await timed(name, async (reader) => {
    let found = 0;
    for await (const _ of answer(reader, question)) found++;
    return found;
  });
}
async function count(name: string, question: Question, fields: readonly string[]): Promise<void> {
  await timed(name, async (reader) => {
    const groups = await countBy(reader, question, fields);
    return groups.reduce((sum, group) => sum + group.count, 0);
  });
}

async function timed(name: string, ask: (reader: TrailReader) => Promise<number>): Promise<void> {
  const reader = new TrailReader(files, () => seed);
  const start = performance.now();
  const found = await ask(reader);
  const ms = performance.now() - start;
  show(name, `${ms.toFixed(0).padStart(6)} ms, ${found} found, ${reader.counts.opened} frames read`);
}

async function check(): Promise<void> {
  const start = performance.now();
  const { problems } = await verifyTrail({
    files,
    ledger,
    seedOf: () => seed,
    publicKeyOf: () => signer.publicKey,
  });
  show("verify", `${((performance.now() - start) / 1000).toFixed(1)} s, ${problems.length} problems`);
}
