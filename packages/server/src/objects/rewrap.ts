/**
 * `strongroom rewrap`: a bucket to a new epoch, and epoch records to the newest service term (sealed format sections 4
 * and 8). Only envelopes are written anew; no data is read or moved. Both go in small steps, may stop anywhere, and go on
 * from the progress that they last reported; a row changed meanwhile is left to the next pass.
 */
import {
  decodeKekReference,
  keyRecordTerm,
  manifestHash,
  type StoredEnvelope,
  verifyWrap,
  wrapDek,
} from "@strongroom/crypto";
import type { BucketId } from "../base/ids.ts";
import { type Entry, unchanged } from "../store/records.ts";
import { commitSettled } from "../store/retry.ts";
import type { Bucket } from "./api.ts";
import { changeReference } from "./content/share.ts";
import type { Core } from "./core.ts";
import { unwrapLayer } from "./encryption/envelopes.ts";
import type { EpochKey } from "./encryption/epoch-keys.ts";
import { epochKek } from "./encryption/keks.ts";
import { formerOpeners } from "./encryption/opened-by.ts";
import { bodyCodec, versionCodec } from "./rows/codecs.ts";
import { after } from "./rows/row-keys.ts";
import { rowsOf } from "./verify-records.ts";
import { draftOf, encodeVersion, type ObjectVersion, placeOf, type Version } from "./rows/version-record.ts";

const PAGE_ROWS = 200;
const TABLES = ["head", "version"] as const;

export interface RewrapProgress {
  readonly epoch: number;
  readonly table: (typeof TABLES)[number];
  /** The last row looked at; absent at a table's begin. */
  readonly after?: Uint8Array;
  readonly looked: number;
  readonly rewrapped: number;
  /** Rows that others changed at the same time: another pass is needed. */
  readonly missed: number;
  readonly done: boolean;
}

/** One pass. Begins a new epoch unless it resumes. A later pass with `missed: 0, rewrapped: 0` shows that none is left. */
export async function* rewrapBucket(
  core: Core,
  bucket: Bucket,
  resume?: RewrapProgress,
): AsyncGenerator<RewrapProgress> {
  const { epochs } = core.sources;
  const newest = resume === undefined ? await epochs.startEpoch(bucket.id) : await epochs.newest(bucket.id);
  const counts = {
    looked: resume?.looked ?? 0,
    rewrapped: resume?.rewrapped ?? 0,
    missed: resume?.missed ?? 0,
  };
  const to = after(bucket.id);
  for (const table of TABLES.slice(TABLES.indexOf(resume?.table ?? "head"))) {
    let last = resume?.table === table ? resume.after : undefined;
    for (let more = true; more; ) {
      const page = await core.records.store.scan({
        table,
        from: bucket.id,
        ...(to === undefined ? {} : { to }),
        ...(last === undefined ? {} : { after: last }),
        limit: PAGE_ROWS,
      });
      for (const row of page.rows) {
        const entry = await core.records.open(versionCodec, table, row, false);
        counts.looked++;
        const outcome = await rewrapRow(core, bucket.id, newest, entry);
        if (outcome === "rewrapped") counts.rewrapped++;
        if (outcome === "missed") counts.missed++;
      }
      more = page.more;
      last = page.rows.at(-1)?.key ?? last;
      const at = last === undefined ? {} : { after: last };
      yield { epoch: newest.epoch, table, ...at, ...counts, done: !more && table === "version" };
    }
  }
}

/** The layer of a version that an epoch key wraps: SSE-S3's only one, DSSE's outer one. */
export function epochLayer(
  version: ObjectVersion,
): { readonly layer: 0 | 1; readonly envelope: StoredEnvelope; readonly epoch: number } | undefined {
  const [first, second] = version.envelopes;
  const envelope = second ?? first;
  const ref = decodeKekReference(envelope.kekReference);
  if (ref.kind !== "epoch") return undefined;
  return { layer: envelope.layer, envelope, epoch: ref.epoch };
}

async function rewrapRow(
  core: Core,
  bucket: BucketId,
  newest: EpochKey,
  entry: Entry<Version>,
): Promise<"kept" | "rewrapped" | "missed"> {
  const version = entry.value;
  const wrapped = version.kind === "object" ? epochLayer(version) : undefined;
  if (version.kind !== "object" || wrapped === undefined || wrapped.epoch >= newest.epoch) return "kept";
  const envelope = await rewrapLayer(core, bucket, newest, version, wrapped.envelope);
  const [first] = version.envelopes;
  const envelopes = wrapped.layer === 0 ? ([envelope] as const) : ([first, envelope] as const);
  const references = envelopes.map(({ kekReference }) => kekReference);
  const draft = { ...draftOf(version), envelopes, openedBy: formerOpeners(version, references) };
  const commit = await changeReference(core.records, version, version.uid, references);
  commit.expect.push(unchanged(entry));
  const body = encodeVersion(draft, placeOf(version));
  commit.put.push(core.records.seal(bodyCodec, entry.table, entry.key, body));
  const settled = await commitSettled(core.records.store, commit.parts);
  return settled.kind === "ok" ? "rewrapped" : "missed";
}

async function rewrapLayer(
  core: Core,
  bucket: BucketId,
  newest: EpochKey,
  version: ObjectVersion,
  old: StoredEnvelope,
): Promise<StoredEnvelope> {
  const hash = manifestHash(version.manifestBytes);
  const ref = decodeKekReference(old.kekReference);
  const epoch = ref.kind === "epoch" ? ref.epoch : 0;
  const key = await core.sources.epochs.get(bucket, epoch);
  const kek = { key, reference: old.kekReference, own: false };
  const opened = unwrapLayer(version, old, kek, hash);
  using dek = opened.dek;
  const next = epochKek(bucket, newest);
  const identity = {
    kind: "version" as const,
    mode: old.mode,
    bucketId: bucket,
    objectKey: version.key,
    versionUid: version.uid,
    layer: old.layer,
    form: 1 as const,
  };
  const bound = { kek: next.key, identity, kekReference: next.reference, manifestHash: hash };
  const wrapped = wrapDek({ dek, ...bound, ...(old.layer === 0 ? { private: opened.private } : {}) });
  verifyWrap({ ...bound, ...wrapped }, dek);
  const { mode, layer } = old;
  return { kind: "version", mode, layer, form: 1, kekReference: next.reference, ...wrapped };
}

export interface EpochResealProgress {
  readonly after?: Uint8Array;
  readonly looked: number;
  readonly resealed: number;
  readonly missed: number;
  readonly done: boolean;
}

/** All epoch records to the newest term of the service key: thousands of rows, not a billion. */
export async function* resealEpochs(
  core: Core,
  resume?: EpochResealProgress,
): AsyncGenerator<EpochResealProgress> {
  const counts = {
    looked: resume?.looked ?? 0,
    resealed: resume?.resealed ?? 0,
    missed: resume?.missed ?? 0,
  };
  let last = resume?.after;
  for (let more = true; more; ) {
    const page = await core.records.store.scan({
      table: "epoch",
      from: new Uint8Array(),
      ...(last === undefined ? {} : { after: last }),
      limit: PAGE_ROWS,
    });
    for (const row of page.rows) {
      counts.looked++;
      const put = await core.sources.epochs.resealed(row);
      if (put === undefined) continue;
      const expect = [{ table: "epoch" as const, key: row.key, rev: row.rev }];
      const settled = await commitSettled(core.records.store, { expect, put: [put] });
      if (settled.kind === "ok") counts.resealed++;
      else counts.missed++;
    }
    more = page.more;
    last = page.rows.at(-1)?.key ?? last;
    yield { ...(last === undefined ? {} : { after: last }), ...counts, done: !more };
  }
}

/** How many epoch records are under another term of the service key than this. */
export async function epochsUnderOtherTerms(core: Core, term: number): Promise<number> {
  let count = 0;
  for await (const row of rowsOf(core, "epoch")) if (keyRecordTerm(row.value) !== term) count++;
  return count;
}
