/** From written streams to a draft version: manifest, envelopes, locations. */
import {
  encodeChecksums,
  encodeManifest,
  type Manifest,
  randomBytes,
  type StreamEntry,
} from "@strongroom/crypto";
import type { ContentId, VersionUid } from "../../base/ids.ts";
import type { ChecksumAlgorithm, ChecksumType, ContentHeaders, Tag, UserMetadata } from "../api.ts";
import { type Deks, wrapVersion } from "../encryption/envelopes.ts";
import type { Keks } from "../encryption/keks.ts";
import type { Target } from "../publish.ts";
import type { EncryptionMode, ObjectDraft } from "../rows/version-record.ts";
import type { WrittenStream } from "./seal.ts";

export interface KeptChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  readonly value: Uint8Array;
}

export interface NewVersion {
  readonly target: Target;
  readonly mode: EncryptionMode;
  readonly uid: VersionUid;
  readonly contentId: ContentId;
  readonly etag: Uint8Array;
  readonly checksum: KeptChecksum;
  readonly headers: ContentHeaders;
  readonly metadata: UserMetadata;
  readonly tags: readonly Tag[];
  readonly lastModifiedMs: number;
  readonly stream: WrittenStream;
}

/** A version of one stream, wrapped for the first time. */
export function draftOfOne(input: NewVersion, keks: Keks, deks: Deks): ObjectDraft {
  const { stream, target, mode, uid, checksum } = input;
  const entry: StreamEntry = {
    partNumber: 1,
    plaintextSize: stream.plaintextSize,
    commitments: stream.commitments,
    sealedChecksums: NOTHING,
  };
  const manifest: Manifest = {
    bucketId: target.bucket.id,
    objectKey: target.key,
    versionUid: uid,
    contentId: input.contentId,
    plaintextSize: stream.plaintextSize,
    etag: input.etag,
    checksum: { algorithm: checksum.algorithm, type: checksum.type },
    shownPartCount: 0,
    contentHeaders: input.headers,
    userMetadata: input.metadata,
    streams: { kind: "inline", entries: [entry] },
  };
  const manifestBytes = encodeManifest(manifest);
  const identity = { mode, bucketId: target.bucket.id, key: target.key, uid };
  const inner = encodeChecksums([{ algorithm: checksum.algorithm, value: checksum.value }]);
  return {
    kind: "object",
    uid,
    lastModifiedMs: input.lastModifiedMs,
    shared: false,
    manifestBytes,
    envelopes: wrapVersion(identity, keks, deks, manifestBytes, inner, false),
    tags: input.tags,
    openedBy: [],
    locations: [stream.location],
  };
}

const NOTHING = new Uint8Array(0);

/** Section 5: MD5 only where the mode is SSE-S3, else 16 random bytes, new at every write. */
export function newEtag(mode: EncryptionMode, md5: Uint8Array | undefined): Uint8Array {
  return mode === "SSE-S3" && md5 !== undefined ? md5 : randomBytes(16);
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
