/**
 * The record of an upload that has ended, kept apart from the open ones so that neither lists nor the check for an empty
 * bucket walk over it. It is the trash row of the parts and pages that the object does not use; after Complete it keeps
 * the answer for a day, so that a repeated Complete gets it again.
 *
 *     format(1) = 1 || kind(1: 1 completed, 2 aborted) || cleared(1) || endedMs(8) || contentId(16) || bucketId(16) || LP(key)
 *     completed: || digest(32) || LP(bitmap of used part numbers) || pages used(4) || versionUid(16) || isNull(1)
 *     || sequence(8) || etag(16) || partCount(4) || size(8) || lastModifiedMs(8) || mode(1) || LP(key ARN) || bucketKey(1)
 *     || LP(sse as sent) || LP(key id as sent)
 *
 * No checksum stands here: it is derived from the plaintext, and a repeated Complete opens it from the version.
 */
import { ENCRYPTION_MODES, etagText, Reader, Writer } from "@strongroom/crypto";
import {
  asId,
  type BucketId,
  type ContentId,
  isKeyArn,
  type KeyArn,
  type VersionUid,
} from "../../base/ids.ts";
import type { Codec } from "../../store/codec.ts";
import type { EncryptionShown, UploadAccess } from "../api.ts";
import { parsed } from "../rows/codecs.ts";
import { readAccess, writeAccess } from "./upload-record.ts";

export interface Completion {
  readonly kind: "completed";
  readonly digest: Uint8Array;
  /** Bit n: part number n stands in the object. */
  readonly used: Uint8Array;
  readonly pagesUsed: number;
  readonly versionUid: VersionUid;
  readonly isNull: boolean;
  readonly sequence: number;
  readonly etag: Uint8Array;
  readonly partCount: number;
  readonly size: number;
  readonly lastModifiedMs: number;
  readonly encryption: EncryptionShown;
  /** Of the upload: a repeated Complete is authorised with the same facts as the first one. */
  readonly access: UploadAccess;
}

export interface Ended {
  /** Parts and pages that nothing uses are gone. */
  readonly cleared: boolean;
  readonly endedMs: number;
  readonly contentId: ContentId;
  readonly bucketId: BucketId;
  readonly key: string;
  readonly how: Completion | { readonly kind: "aborted" };
}

const COMPLETED = 1;
const ABORTED = 2;

export const endedCodec: Codec<Ended> = {
  version: 1,
  encode: (ended) => {
    const { how } = ended;
    const out = new Writer(256 + ended.key.length * 3)
      .u8(1)
      .u8(how.kind === "completed" ? COMPLETED : ABORTED)
      .u8(ended.cleared ? 1 : 0)
      .u64(ended.endedMs)
      .fixed(ended.contentId, 16)
      .fixed(ended.bucketId, 16)
      .lpText(ended.key);
    if (how.kind === "completed") writeCompletion(out, how);
    return out.done();
  },
  decode: (body) => parsed("an ended upload", () => readEnded(new Reader(body, "ended upload"))),
};

function writeCompletion(out: Writer, how: Completion): void {
  out
    .fixed(how.digest, 32)
    .lp(how.used)
    .u32(how.pagesUsed)
    .fixed(how.versionUid, 16)
    .u8(how.isNull ? 1 : 0)
    .u64(how.sequence)
    .fixed(how.etag, 16)
    .u32(how.partCount)
    .u64(how.size)
    .u64(how.lastModifiedMs)
    .u8(ENCRYPTION_MODES.indexOf(how.encryption.mode));
  const kms = "keyArn" in how.encryption ? how.encryption : undefined;
  out.lpText(kms?.keyArn ?? "").u8(kms?.mode === "SSE-KMS" && kms.bucketKey ? 1 : 0);
  writeAccess(out, how.access);
}

function readEnded(reader: Reader): Ended {
  if (reader.u8() !== 1) reader.fail("unknown format");
  const kind = reader.u8();
  const cleared = reader.u8() === 1;
  const endedMs = reader.u64();
  const contentId = asId<ContentId>(reader.take(16));
  const bucketId = asId<BucketId>(reader.take(16));
  const key = reader.lpText();
  if (kind !== COMPLETED && kind !== ABORTED) reader.fail("unknown kind");
  const how = kind === ABORTED ? ({ kind: "aborted" } as const) : readCompletion(reader);
  reader.end();
  return { cleared, endedMs, contentId, bucketId, key, how };
}

function readCompletion(reader: Reader): Completion {
  return {
    kind: "completed",
    digest: reader.take(32),
    used: reader.lp(),
    pagesUsed: reader.u32(),
    versionUid: asId<VersionUid>(reader.take(16)),
    isNull: reader.u8() === 1,
    sequence: reader.u64(),
    etag: reader.take(16),
    partCount: reader.u32(),
    size: reader.u64(),
    lastModifiedMs: reader.u64(),
    encryption: readShown(reader),
    access: readAccess(reader),
  };
}

function readShown(reader: Reader): EncryptionShown {
  const mode = ENCRYPTION_MODES[reader.u8()] ?? reader.fail("unknown mode");
  const keyArn = reader.lpText();
  const bucketKey = reader.u8() === 1;
  if (mode === "SSE-S3") return { mode };
  if (mode === "SSE-C") return { mode, keyMd5: "" };
  const arn: KeyArn = isKeyArn(keyArn) ? keyArn : reader.fail("a key ARN");
  return mode === "SSE-KMS" ? { mode, keyArn: arn, bucketKey } : { mode, keyArn: arn };
}

export const etagOfCompletion = (how: Completion): string =>
  etagText({ etag: how.etag, shownPartCount: how.partCount });

export function usedBitmap(partNumbers: Iterable<number>, partNumberMax: number): Uint8Array {
  const bits = new Uint8Array((partNumberMax >>> 3) + 1);
  for (const n of partNumbers) bits[n >>> 3] = (bits[n >>> 3] ?? 0) | (1 << (n & 7));
  return bits;
}

export const isUsed = (bits: Uint8Array, partNumber: number): boolean =>
  ((bits[partNumber >>> 3] ?? 0) & (1 << (partNumber & 7))) !== 0;
