/**
 * CloudTrail's files from the trail (spec audit 6.1): gzipped `{"Records":[…]}` and, for every hour, a digest that names
 * their hashes, signed and chained to the one before, as `aws cloudtrail validate-logs` checks them. The signature of a
 * digest belongs into its object's metadata: `files.jsonl` says what to upload how.
 */
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { digestKeyFingerprint, randomBytes, signDigest, trailHash } from "@strongroom/crypto";
import { z } from "zod";
import { hexOf } from "../store/key-order.ts";
import type { StoredDigestKey } from "./digest-key.ts";
import { isoSeconds } from "./event.ts";
import { answer, type Found } from "./query.ts";
import type { TrailReader } from "./reader.ts";

export interface ExportInput {
  readonly reader: TrailReader;
  readonly key: StoredDigestKey;
  readonly directory: string;
  readonly region: string;
  /** Where the files will be uploaded: digests name it, and moving them breaks their signature. */
  readonly bucket: string;
  readonly prefix: string;
  readonly trail: string;
  /** Records of nobody in particular go to this account. */
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
}
export interface Exported {
  records: number;
  files: number;
  digests: number;
}

const HOUR_MS = 3_600_000;
/** CloudTrail's own files are of this order. */
const RECORDS_A_FILE = 10_000;
const STATE = "export-state.json";
const LIST = "files.jsonl";

const previousSchema = z.strictObject({
  bucket: z.string(),
  object: z.string(),
  hash: z.string(),
  signature: z.string(),
  endMs: z.number(),
});
type Previous = z.output<typeof previousSchema>;
const stateSchema = z.strictObject({ digests: z.record(z.string(), previousSchema) });

interface LogFile {
  readonly s3Bucket: string;
  readonly s3Object: string;
  readonly hashValue: string;
  readonly hashAlgorithm: "SHA-256";
  readonly newestEventTime: string;
  readonly oldestEventTime: string;
}

/** Goes on where an export into the same directory ended. Hours that are not over yet are left for the next. */
export async function exportTrail(input: ExportInput, progress: (done: Exported) => void): Promise<Exported> {
  const done: Exported = { records: 0, files: 0, digests: 0 };
  const chain = await readState(input.directory);
  const started = new Set(chain.keys());
  const ends = [...chain.values()].map(({ endMs }) => endMs);
  const from = Math.max(hourOf(input.fromMs), ...ends);
  for (let start = from; start + HOUR_MS <= input.toMs; start += HOUR_MS) {
    const hour = new Hour(input, start, done);
    for await (const found of answer(input.reader, { fromMs: start, toMs: start + HOUR_MS - 1 }))
      await hour.take(found);
    const accounts = await hour.end();
    for (const account of accounts.keys()) started.add(account);
    // An hour without records has a digest too, or a gap would look like one.
    for (const account of started) {
      const digest = await writeDigest(
        input,
        account,
        start,
        accounts.get(account) ?? [],
        chain.get(account),
      );
      chain.set(account, digest);
      done.digests++;
    }
    await writeFile(join(input.directory, STATE), JSON.stringify({ digests: Object.fromEntries(chain) }), {
      mode: 0o600,
    });
    progress(done);
  }
  return done;
}

const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

class Hour {
  readonly #input: ExportInput;
  readonly #startMs: number;
  readonly #done: Exported;
  readonly #open = new Map<string, Found[]>();
  readonly #files = new Map<string, LogFile[]>();

  constructor(input: ExportInput, startMs: number, done: Exported) {
    this.#input = input;
    this.#startMs = startMs;
    this.#done = done;
  }

  async take(found: Found): Promise<void> {
    const named = found.event.recipientAccountId;
    const account = /^[0-9]{12}$/.test(named) ? named : this.#input.account;
    const batch = this.#open.get(account) ?? [];
    batch.push(found);
    this.#open.set(account, batch);
    if (batch.length >= RECORDS_A_FILE) await this.#write(account);
  }

  async end(): Promise<ReadonlyMap<string, readonly LogFile[]>> {
    // `#write` takes each from the map, which an iteration allows.
    for (const account of this.#open.keys()) await this.#write(account);
    return this.#files;
  }

  async #write(account: string): Promise<void> {
    const batch = (this.#open.get(account) ?? []).toSorted((a, b) => a.timeMs - b.timeMs);
    this.#open.delete(account);
    const [oldest] = batch;
    const newest = batch.at(-1);
    if (oldest === undefined || newest === undefined) return;
    const { region, bucket, prefix } = this.#input;
    const body = Buffer.from(`{"Records":[${batch.map(({ text }) => text).join(",")}]}`);
    const minute = compact(this.#startMs).replace(/[0-9]{2}Z$/, "Z");
    const unique = hexOf(randomBytes(8)).toUpperCase();
    const object = `${prefix}AWSLogs/${account}/CloudTrail/${region}/${dayPath(this.#startMs)}/${account}_CloudTrail_${region}_${minute}_${unique}.json.gz`;
    await put(this.#input, object, body, {});
    const files = this.#files.get(account) ?? [];
    files.push({
      s3Bucket: bucket,
      s3Object: object,
      hashValue: hexOf(trailHash(body)),
      hashAlgorithm: "SHA-256",
      newestEventTime: newest.event.eventTime,
      oldestEventTime: oldest.event.eventTime,
    });
    this.#files.set(account, files);
    this.#done.files++;
    this.#done.records += batch.length;
  }
}

async function writeDigest(
  input: ExportInput,
  account: string,
  startMs: number,
  logFiles: readonly LogFile[],
  previous: Previous | undefined,
): Promise<Previous> {
  const { region, bucket, prefix, trail, key } = input;
  const endMs = startMs + HOUR_MS;
  const object = `${prefix}AWSLogs/${account}/CloudTrail-Digest/${region}/${dayPath(endMs)}/${account}_CloudTrail-Digest_${region}_${trail}_${region}_${compact(endMs)}.json.gz`;
  const times = logFiles.flatMap((f) => [f.oldestEventTime, f.newestEventTime]).toSorted();
  const digest = Buffer.from(
    JSON.stringify({
      awsAccountId: account,
      digestStartTime: isoSeconds(startMs),
      digestEndTime: isoSeconds(endMs),
      digestS3Bucket: bucket,
      digestS3Object: object,
      digestPublicKeyFingerprint: digestKeyFingerprint(key.publicDer),
      digestSignatureAlgorithm: "SHA256withRSA",
      newestEventTime: times.at(-1) ?? null,
      oldestEventTime: times[0] ?? null,
      previousDigestS3Bucket: previous?.bucket ?? null,
      previousDigestS3Object: previous?.object ?? null,
      previousDigestHashValue: previous?.hash ?? null,
      previousDigestHashAlgorithm: previous === undefined ? null : "SHA-256",
      previousDigestSignature: previous?.signature ?? null,
      logFiles,
    }),
  );
  const hash = hexOf(trailHash(digest));
  const text = `${isoSeconds(endMs)}\n${bucket}/${object}\n${hash}\n${previous?.signature ?? "null"}`;
  const signature = hexOf(signDigest(key, Buffer.from(text)));
  await put(input, object, digest, { signature, "signature-algorithm": "SHA256withRSA" });
  return { bucket, object, hash, signature, endMs };
}

async function put(
  { directory }: ExportInput,
  object: string,
  body: Uint8Array,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const path = join(directory, object);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, gzipSync(body), { mode: 0o600 });
  const line = JSON.stringify({
    file: object,
    contentType: "application/json",
    contentEncoding: "gzip",
    metadata,
  });
  await appendFile(join(directory, LIST), `${line}\n`, { mode: 0o600 });
}

async function readState(directory: string): Promise<Map<string, Previous>> {
  let text: string;
  try {
    text = await readFile(join(directory, STATE), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return new Map();
    throw error;
  }
  return new Map(Object.entries(stateSchema.parse(JSON.parse(text)).digests));
}

/** `20260301T101500Z` */
const compact = (ms: number): string => isoSeconds(ms).replace(/[-:]/g, "");
const dayPath = (ms: number): string => isoSeconds(ms).slice(0, 10).replaceAll("-", "/");
