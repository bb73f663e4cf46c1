/**
 * The sealed record of an open upload. It fixes everything about the object to be, but its parts: encryption, headers,
 * metadata, tags, checksum algorithm (spec B.4). Its revision is what every part's commit expects.
 *
 *     format(1) = 2 || state(1: 0 open, 1 completing) [|| digest(32) || sinceMs(8)] || LP(creation-time manifest)
 *     || layers(1) || LP(envelope) each || checksum(2: algorithm or 0, type) || tags(1) || LP(name) LP(value) each
 *     || LP(sse as sent) || LP(key id as sent) || initiator: LP(account) LP(arn) LP(name) || LP(completion key)
 *     || found(1: 0 nothing, 1 a version, FF not known) [|| versionUid(16)]
 *
 * The completion key (form 2 only: SSE-C) goes in the commit that completes; it is a key, so it is one in memory, too.
 * Format 1 ends with it: what was found is not known.
 */
import {
  CHECKSUM_ALGORITHMS,
  CHECKSUM_TYPES,
  completionKeyForRecord,
  decodeEnvelope,
  decodeManifest,
  encodeEnvelope,
  type EncryptionMode,
  type Manifest,
  Reader,
  SecretKey,
  Writer,
} from "@strongroom/crypto";
import {
  type AccountId,
  asId,
  type BucketId,
  type ContentId,
  type ObjectKey,
  parseAccountId,
  type VersionUid,
} from "../../base/ids.ts";
import type { Codec } from "../../store/codec.ts";
import type { ChecksumAlgorithm, ChecksumType, Tag, UploadAccess } from "../api.ts";
import type { Envelopes } from "../encryption/envelopes.ts";
import { parsed } from "../rows/codecs.ts";

export type UploadState =
  | { readonly kind: "open" }
  /** Being completed with the list of this digest, since then. */
  | { readonly kind: "completing"; readonly digest: Uint8Array; readonly sinceMs: number };

export interface Initiator {
  readonly account: AccountId;
  /** Empty for an account's root. */
  readonly arn: string;
  readonly name: string;
}

export interface UploadRecord {
  readonly state: UploadState;
  /** Size 0 and no streams: what the deks were wrapped with. */
  readonly manifestBytes: Uint8Array;
  readonly manifest: Manifest;
  readonly bucketId: BucketId;
  readonly key: ObjectKey;
  readonly uid: VersionUid;
  readonly contentId: ContentId;
  readonly mode: EncryptionMode;
  /** Kind "upload". */
  readonly envelopes: Envelopes;
  /** As asked for at Create; absent: the object gets CRC64NVME. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | undefined;
  readonly tags: readonly Tag[];
  readonly access: UploadAccess;
  readonly initiator: Initiator | undefined;
  readonly completionKey: SecretKey<"completion"> | undefined;
  /** The key's current version, or delete marker, at Create. Undefined: not known. */
  readonly found: VersionUid | "nothing" | undefined;
}

/** What Create decides; the rest stands in the manifest and the envelopes. */
export type NewUpload = Pick<
  UploadRecord,
  | "state"
  | "manifestBytes"
  | "envelopes"
  | "checksum"
  | "tags"
  | "access"
  | "initiator"
  | "completionKey"
  | "found"
>;

export function uploadOf(upload: NewUpload): UploadRecord {
  const manifest = decodeManifest(upload.manifestBytes);
  return {
    ...upload,
    manifest,
    bucketId: asId<BucketId>(manifest.bucketId),
    key: manifest.objectKey as ObjectKey,
    uid: asId<VersionUid>(manifest.versionUid),
    contentId: asId<ContentId>(manifest.contentId),
    mode: upload.envelopes[0].mode,
  };
}

/** A record of format 1 that is written again. */
const NOT_KNOWN = 0xff;

export const uploadCodec: Codec<UploadRecord> = {
  version: 2,
  encode: encodeUpload,
  decode: (body) => parsed("an upload record", () => decodeUpload(new Reader(body, "upload record"))),
};

function encodeUpload(upload: NewUpload): Uint8Array {
  const out = new Writer(1024 + upload.manifestBytes.length).u8(2);
  if (upload.state.kind === "open") out.u8(0);
  else out.u8(1).fixed(upload.state.digest, 32).u64(upload.state.sinceMs);
  out.lp(upload.manifestBytes).u8(upload.envelopes.length);
  for (const envelope of upload.envelopes) out.lp(encodeEnvelope(envelope));
  const { checksum } = upload;
  out.u8(checksum === undefined ? 0 : CHECKSUM_ALGORITHMS.indexOf(checksum.algorithm) + 1);
  out.u8(checksum === undefined ? 0 : CHECKSUM_TYPES.indexOf(checksum.type) + 1);
  out.u8(upload.tags.length);
  for (const { key, value } of upload.tags) out.lpText(key).lpText(value);
  writeAccess(out, upload.access);
  const { initiator, completionKey } = upload;
  out
    .lpText(initiator?.account ?? "")
    .lpText(initiator?.arn ?? "")
    .lpText(initiator?.name ?? "");
  out.lp(completionKey === undefined ? new Uint8Array(0) : completionKeyForRecord(completionKey));
  writeFound(out, upload.found);
  return out.done();
}

function decodeUpload(reader: Reader): UploadRecord {
  const format = reader.u8();
  if (format !== 1 && format !== 2) reader.fail("unknown format");
  const state = readState(reader);
  const manifestBytes = reader.lp();
  const envelopes = readEnvelopes(reader);
  const checksum = readChecksum(reader);
  const tags = Array.from({ length: reader.u8() }, () => ({ key: reader.lpText(), value: reader.lpText() }));
  const access = readAccess(reader);
  const account = reader.lpText();
  const arn = reader.lpText();
  const name = reader.lpText();
  const completion = reader.lp();
  const found = format === 1 ? undefined : readFound(reader);
  reader.end();
  return uploadOf({
    state,
    manifestBytes,
    envelopes,
    checksum,
    tags,
    access,
    initiator: account === "" ? undefined : { account: parseAccountId(account), arn, name },
    completionKey: completion.length === 0 ? undefined : SecretKey.fromBytes("completion", completion),
    found,
  });
}

/** An empty header is refused at Create, so that empty stands for absent. */
export function writeAccess(out: Writer, { sse, keyId }: UploadAccess): void {
  out.lpText(sse ?? "").lpText(keyId ?? "");
}

export function readAccess(reader: Reader): UploadAccess {
  const sse = reader.lpText();
  const keyId = reader.lpText();
  return { ...(sse === "" ? {} : { sse }), ...(keyId === "" ? {} : { keyId }) };
}

function writeFound(out: Writer, found: UploadRecord["found"]): void {
  if (found === undefined) out.u8(NOT_KNOWN);
  else if (found === "nothing") out.u8(0);
  else out.u8(1).fixed(found, 16);
}

function readFound(reader: Reader): UploadRecord["found"] {
  const code = reader.u8();
  if (code === NOT_KNOWN) return undefined;
  if (code > 1) reader.fail("what was found");
  return code === 0 ? "nothing" : asId<VersionUid>(reader.take(16));
}

function readState(reader: Reader): UploadState {
  const state = reader.u8();
  if (state === 0) return { kind: "open" };
  if (state !== 1) reader.fail("unknown state");
  return { kind: "completing", digest: reader.take(32), sinceMs: reader.u64() };
}

function readEnvelopes(reader: Reader): Envelopes {
  const layers = reader.u8();
  const first = decodeEnvelope(reader.lp());
  if (layers === 1) return [first];
  if (layers !== 2) reader.fail("envelopes");
  return [first, decodeEnvelope(reader.lp())];
}

function readChecksum(reader: Reader): UploadRecord["checksum"] {
  const algorithm = reader.u8();
  const type = reader.u8();
  if (algorithm === 0 && type === 0) return undefined;
  return {
    algorithm: CHECKSUM_ALGORITHMS[algorithm - 1] ?? reader.fail("unknown checksum algorithm"),
    type: CHECKSUM_TYPES[type - 1] ?? reader.fail("unknown checksum type"),
  };
}
