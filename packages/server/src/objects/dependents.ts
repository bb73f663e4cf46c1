/**
 * What depends on KMS keys: one walk over all versions and open uploads, for one key or for many. Only records are opened,
 * no envelope: the reference beside each wrapped dek names the key, and the encrypted data key in it names the material.
 * Memory is that of the counts: a few for each key, and for each bucket in which it is used.
 */
import {
  decodeKekReference,
  type KekReference,
  parseBlobHeader,
  type StoredEnvelope,
} from "@strongroom/crypto";
import { hexOf } from "../store/key-order.ts";
import type { Row } from "../store/port.ts";
import type { Core } from "./core.ts";
import { versionCodec } from "./rows/codecs.ts";
import { contentCodec, contentRow } from "./rows/content-record.ts";
import type { ObjectVersion } from "./rows/version-record.ts";
import { uploadCodec, type UploadRecord } from "./uploads/upload-record.ts";

const PAGE_ROWS = 200;
const TABLES = ["head", "marker", "version", "upload"] as const;

/** Versions, their bytes, and open uploads. */
export interface Tally {
  versions: number;
  bytes: number;
  uploads: number;
}
export interface BucketTally extends Tally {
  /** Versions that this key once opened and that do not depend on it now. */
  formerly: number;
}

export class KeyCount {
  versions = 0;
  current = 0;
  bytes = 0;
  sseKms = 0;
  dsseKms = 0;
  bucketKey = 0;
  uploads = 0;
  formerly = 0;
  oldestMs: number | undefined;
  newestMs: number | undefined;
  /** By the hex of the 16 bytes that a blob's header names its material with. */
  readonly materials = new Map<string, Tally>();
  /** By bucket id in hex. */
  readonly buckets = new Map<string, BucketTally>();
  /** Versions by the other key that opens or once opened them: a key ARN, `SSE-S3` or `SSE-C`. */
  readonly alsoOpenedBy = new Map<string, number>();
}

/** Which of the keys asked for an ARN names. The region of a stored ARN may be an earlier one. */
export type KeyFinder = (keyArn: string) => KeyCount | undefined;

export interface Walked {
  /** Versions and delete markers; rows that did not open count as unreadable. */
  looked: number;
  unreadable: number;
  uploads: number;
}

/** Yields after each page, so that a caller can show progress or leave time to others. No snapshot. */
export async function* countDependents(core: Core, find: KeyFinder): AsyncGenerator<Walked> {
  const walked: Walked = { looked: 0, unreadable: 0, uploads: 0 };
  for (const table of TABLES) {
    let after: Uint8Array | undefined;
    for (let more = true; more; ) {
      const page = await core.records.store.scan({
        table,
        from: new Uint8Array(),
        ...(after === undefined ? {} : { after }),
        limit: PAGE_ROWS,
        keysOnly: table === "marker",
      });
      if (table === "marker") walked.looked += page.rows.length;
      else for (const row of page.rows) await countRow(core, table, row, find, walked);
      more = page.more;
      after = page.rows.at(-1)?.key ?? after;
      yield walked;
    }
  }
}

async function countRow(
  core: Core,
  table: "head" | "version" | "upload",
  row: Row,
  find: KeyFinder,
  walked: Walked,
): Promise<void> {
  if (table === "upload") walked.uploads++;
  else walked.looked++;
  try {
    if (table === "upload") {
      countUpload((await core.records.open(uploadCodec, table, row, false)).value, find);
      return;
    }
    const { value } = await core.records.open(versionCodec, table, row, false);
    if (value.kind === "object") await countVersion(core, value, table === "head", find);
  } catch {
    // A damaged row must not hide what the others say; the count tells that there is one, `verify` tells which.
    walked.unreadable++;
  }
}

async function countVersion(
  core: Core,
  version: ObjectVersion,
  current: boolean,
  find: KeyFinder,
): Promise<void> {
  const shared = version.shared
    ? ((await core.records.get(contentCodec, "content", contentRow(version.contentId).key))?.value.openedBy ??
      [])
    : [];
  const present = kmsReference(version.envelopes);
  const count = present === undefined ? undefined : find(present.keyArn);
  const bytes = version.manifest.plaintextSize;
  const bucket = hexOf(version.bucketId);
  if (present !== undefined && count !== undefined) {
    count.versions++;
    count.bytes += bytes;
    if (current) count.current++;
    if (version.mode === "DSSE-KMS") count.dsseKms++;
    else count.sseKms++;
    if (present.kind === "kms-bucket-key") count.bucketKey++;
    count.oldestMs = Math.min(count.oldestMs ?? version.lastModifiedMs, version.lastModifiedMs);
    count.newestMs = Math.max(count.newestMs ?? version.lastModifiedMs, version.lastModifiedMs);
    for (const tally of [tallyOf(count, present), bucketOf(count, bucket)]) {
      tally.versions++;
      tally.bytes += bytes;
    }
  }
  const openers = [...version.openedBy, ...shared];
  if (openers.length === 0) return;
  // Each other key once a version, however many references it has.
  const seen = new Set<string>();
  for (const reference of openers) {
    const ref = decodeKekReference(reference);
    // An epoch key never opened a DSSE version's inner layer: destroying the KMS key is enough.
    if (ref.kind === "epoch" && version.mode === "DSSE-KMS") continue;
    const name = openerName(ref);
    if (seen.has(name)) continue;
    seen.add(name);
    const former = ref.kind === "kms" || ref.kind === "kms-bucket-key" ? find(ref.keyArn) : undefined;
    if (former !== undefined && former !== count) {
      former.formerly++;
      bucketOf(former, bucket).formerly++;
    }
    if (count !== undefined && former !== count)
      count.alsoOpenedBy.set(name, (count.alsoOpenedBy.get(name) ?? 0) + 1);
  }
}

function countUpload(upload: UploadRecord, find: KeyFinder): void {
  const present = kmsReference(upload.envelopes);
  const count = present === undefined ? undefined : find(present.keyArn);
  if (present === undefined || count === undefined) return;
  count.uploads++;
  tallyOf(count, present).uploads++;
  bucketOf(count, hexOf(upload.bucketId)).uploads++;
}

export type KmsReference = Extract<KekReference, { readonly keyArn: string }>;

/** Layer 0's, if a KMS key opens it. */
export function kmsReference(envelopes: readonly StoredEnvelope[]): KmsReference | undefined {
  const [first] = envelopes;
  if (first === undefined) return undefined;
  const ref = decodeKekReference(first.kekReference);
  return ref.kind === "kms" || ref.kind === "kms-bucket-key" ? ref : undefined;
}

/** Hex; undefined for a blob of another key service. */
export function shortMaterialOf({ encryptedKey }: KmsReference): string | undefined {
  try {
    return hexOf(parseBlobHeader(encryptedKey).materialId);
  } catch {
    return undefined;
  }
}

function openerName(ref: KekReference): string {
  switch (ref.kind) {
    case "epoch":
      return "SSE-S3";
    case "customer":
      return "SSE-C";
    case "kms":
    case "kms-bucket-key":
      return ref.keyArn;
  }
}

const tallyOf = (count: KeyCount, ref: KmsReference): Tally =>
  inMap(count.materials, shortMaterialOf(ref) ?? "", () => ({ versions: 0, bytes: 0, uploads: 0 }));
const bucketOf = (count: KeyCount, id: string): BucketTally =>
  inMap(count.buckets, id, () => ({ versions: 0, bytes: 0, uploads: 0, formerly: 0 }));

function inMap<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
