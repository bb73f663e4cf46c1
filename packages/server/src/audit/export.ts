/**
 * CloudTrail's files from the trail (spec audit 6.1): gzipped `{"Records":[…]}`, and a digest over those of each export as
 * `aws cloudtrail validate-logs` checks them. Records are taken in the order in which they were written, each once,
 * whenever it came: a long request is recorded when it ends and would be missed by whoever looks at its time. The
 * signature of a digest belongs into its object's metadata: `files.jsonl` says what to upload how.
 */
import { randomBytes, trailHash } from "@strongroom/crypto";
import { hexOf } from "../store/key-order.ts";
import { compact, dayPath, type DigestPlace, type LogFile, writeDigest } from "./export-digest.ts";
import { ExportDirectory } from "./export-state.ts";
import type { Ledger, StreamState } from "./ledger.ts";
import type { TrailPlace } from "./reindex.ts";
import { eventMs, parseEvent, type TrailEvent } from "./trail-event.ts";
import { positionBefore, type Problem, walkStream } from "./walk.ts";

export interface ExportInput extends TrailPlace, DigestPlace {
  readonly ledger: Ledger;
  readonly directory: string;
  /** Records of nobody in particular go to this account. */
  readonly account: string;
  /** Older records are left out. */
  readonly fromMs: number;
  readonly nowMs: number;
}
export interface Exported {
  records: number;
  files: number;
  digests: number;
  /** Pruned before they were exported. */
  missed: number;
  problems: readonly Problem[];
}

/** CloudTrail's own files are of this order. */
const RECORDS_A_FILE = 10_000;
/** Of all accounts and days. */
const RECORDS_HELD_MAX = 100_000;

/** Goes on where an export into the same directory ended. */
export async function exportTrail(input: ExportInput, progress: (done: Exported) => void): Promise<Exported> {
  const directory = await ExportDirectory.open(input.directory);
  const files = new LogFiles(input, directory, progress);
  const { done } = files;
  const problems: Problem[] = [];
  for (const [stream, state] of await input.ledger.streams()) {
    const problem = await exportStream(input, directory, files, stream, state);
    if (problem !== undefined) problems.push(problem);
  }
  const written = await files.end();
  const ends = [...directory.digests.values()].map((digest) => digest.endMs);
  // Names of digests hold their second, and must ascend also when the clock was set back.
  const endMs = Math.max(Math.floor(input.nowMs / 1000) * 1000, ...ends.map((ms) => ms + 1000));
  // An account without records has a digest too, or a gap would look like one.
  for (const account of new Set([...directory.digests.keys(), ...written.keys()])) {
    const startMs = directory.digests.get(account)?.endMs ?? Math.min(endMs, files.oldestMs);
    await writeDigest(directory, input, account, { startMs, endMs }, written.get(account) ?? []);
    done.digests++;
  }
  await directory.save();
  return { ...done, problems };
}

/** Returns the damage that it ended at. What was pruned since it began is missed, and no damage. */
async function exportStream(
  { files: trail, seedOf, ledger }: ExportInput,
  directory: ExportDirectory,
  files: LogFiles,
  stream: string,
  { pruned: prunedTo, nextSeq: signedTo }: Pick<StreamState, "pruned" | "nextSeq">,
): Promise<Problem | undefined> {
  for (let pruned = prunedTo, next = 0; ; ) {
    next = Math.max(next, directory.streams.get(stream) ?? 0);
    const missed = Math.max(0, (pruned?.seq ?? 0) - next);
    files.done.missed += missed;
    next += missed;
    let problem: Problem | undefined;
    const begin = await positionBefore(trail, stream, next, pruned);
    let seen = begin?.seq ?? 0;
    let torn: Problem | undefined;
    for await (const step of walkStream(trail, stream, seedOf, begin)) {
      // What stands before the damage is exported; what is behind it can't be trusted.
      if (step.kind === "problem") problem = step.problem;
      if (step.kind === "torn") torn = step.otherwise;
      if (step.kind !== "record") continue;
      seen = step.record.seq + 1;
      if (step.record.seq < next) continue;
      directory.streams.set(stream, step.record.seq + 1);
      await files.take(step.record.text);
    }
    // What was signed was whole once.
    if (problem === undefined && seen < signedTo)
      problem = torn ?? { kind: "truncated", stream, seq: seen, detail: `${signedTo} records were signed` };
    const now = problem === undefined ? undefined : await ledger.prunedSince(stream, pruned?.seq ?? 0);
    if (now === undefined) return problem;
    pruned = now;
  }
}

interface Batch {
  readonly account: string;
  readonly texts: string[];
  readonly times: string[];
  firstMs: number;
}

/** Records by account and day, as the paths of their files have them. */
class LogFiles {
  readonly #input: ExportInput;
  readonly #directory: ExportDirectory;
  readonly #progress: (done: Exported) => void;
  readonly #open = new Map<string, Batch>();
  readonly #written = new Map<string, LogFile[]>();
  #held = 0;
  oldestMs = Infinity;
  readonly done: Exported = { records: 0, files: 0, digests: 0, missed: 0, problems: [] };

  constructor(input: ExportInput, directory: ExportDirectory, progress: (done: Exported) => void) {
    this.#input = input;
    this.#directory = directory;
    this.#progress = progress;
  }

  async take(text: Uint8Array): Promise<void> {
    const event = parseEvent(text);
    if (event === undefined) return;
    const ms = eventMs(event);
    if (ms < this.#input.fromMs) return;
    this.oldestMs = Math.min(this.oldestMs, ms);
    const account = this.#accountOf(event);
    const name = `${account} ${dayPath(ms)}`;
    const batch = this.#open.get(name) ?? { account, texts: [], times: [], firstMs: ms };
    this.#open.set(name, batch);
    batch.texts.push(Buffer.from(text).toString("utf8"));
    batch.times.push(event.eventTime);
    this.#held++;
    if (batch.texts.length >= RECORDS_A_FILE) await this.#write(name, batch);
    else if (this.#held >= RECORDS_HELD_MAX) await this.end();
  }

  /** By account. */
  async end(): Promise<ReadonlyMap<string, readonly LogFile[]>> {
    for (const [name, batch] of this.#open) await this.#write(name, batch);
    return this.#written;
  }

  #accountOf({ recipientAccountId }: TrailEvent): string {
    return /^[0-9]{12}$/.test(recipientAccountId) ? recipientAccountId : this.#input.account;
  }

  async #write(name: string, { account, texts, times, firstMs }: Batch): Promise<void> {
    this.#open.delete(name);
    this.#held -= texts.length;
    const { region, bucket, prefix } = this.#input;
    const body = Buffer.from(`{"Records":[${texts.join(",")}]}`);
    const minute = compact(firstMs).replace(/[0-9]{2}Z$/, "Z");
    const unique = hexOf(randomBytes(8)).toUpperCase();
    const object = `${prefix}AWSLogs/${account}/CloudTrail/${region}/${dayPath(firstMs)}/${account}_CloudTrail_${region}_${minute}_${unique}.json.gz`;
    await this.#directory.put(object, body, {});
    const ordered = times.toSorted();
    const list = this.#written.get(account) ?? [];
    this.#written.set(account, list);
    list.push({
      s3Bucket: bucket,
      s3Object: object,
      hashValue: hexOf(trailHash(body)),
      hashAlgorithm: "SHA-256",
      newestEventTime: ordered.at(-1) ?? "",
      oldestEventTime: ordered[0] ?? "",
    });
    this.done.files++;
    this.done.records += texts.length;
    this.#progress(this.done);
  }
}
