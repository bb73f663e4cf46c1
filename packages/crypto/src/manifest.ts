/**
 * The manifest (sealed format, section 5): what an object version is. Its SHA-256 is authenticated by the envelope, so the
 * bytes are stored as they were hashed and never encoded again.
 *
 *     version(1) = 1, then LP fields: bucketId(16), objectKey, versionUid(16), contentId(16), plaintextSize(8), etag(16),
 *     checksum = algorithm(1) || type(1) or empty, shownPartCount(4), content headers, user metadata, stream count(4),
 *     streams: the entries, or beyond sixteen the directory of their pages
 *
 * Headers and metadata are LP(name) || LP(value) for each pair, in the order given.
 */
import { Reader, Writer } from "./bytes.ts";
import {
  CHECKSUM_ALGORITHMS,
  CHECKSUM_TYPES,
  type ChecksumAlgorithm,
  type ChecksumType,
} from "./checksums.ts";
import { sha256 } from "./derive.ts";
import { CryptoError } from "./errors.ts";
import {
  type ExpectedPage,
  MANIFEST_STREAMS_MAX,
  type PageEntry,
  readDirectory,
  readEntry,
  STREAM_PAGE_ENTRIES,
  STREAMS_MAX,
  type StreamEntry,
  writeDirectory,
  writeEntry,
} from "./stream-entries.ts";

export type Pairs = readonly (readonly [name: string, value: string])[];

/** Streams in the manifest itself, or in pages of their own records. An upload's creation-time manifest has none. */
export type Streams =
  | { readonly kind: "inline"; readonly entries: readonly StreamEntry[] }
  | { readonly kind: "paged"; readonly count: number; readonly pages: readonly PageEntry[] };

export interface Manifest {
  /** 16 bytes each. */
  readonly bucketId: Uint8Array;
  readonly objectKey: string;
  readonly versionUid: Uint8Array;
  readonly contentId: Uint8Array;
  /** Of the object: the sum of its streams. */
  readonly plaintextSize: number;
  /** 16 bytes: MD5 where the mode at creation is SSE-S3, otherwise random. */
  readonly etag: Uint8Array;
  /** What the object shows; the values are in the envelope's private part. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | undefined;
  /** The N of an ETag `hex-N`; 0 = not multipart. A copy has none although its content may have many streams. */
  readonly shownPartCount: number;
  /** Content-Type, Cache-Control and their like. */
  readonly contentHeaders: Pairs;
  /** Names without `x-amz-meta-`. */
  readonly userMetadata: Pairs;
  readonly streams: Streams;
}

const VERSION = 1;

/** Throws Malformed where sizes, counts or part numbers do not agree. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const { streams, checksum } = manifest;
  const count = streams.kind === "inline" ? streams.entries.length : streams.count;
  if ((streams.kind === "inline") !== count <= MANIFEST_STREAMS_MAX) {
    throw new CryptoError(
      "Malformed",
      `a manifest holds up to ${MANIFEST_STREAMS_MAX} streams, pages hold more`,
    );
  }
  const list = Writer.scratch(256);
  if (streams.kind === "inline") for (const entry of streams.entries) writeEntry(list, entry);
  else writeDirectory(list, streams.pages);
  const out = Writer.scratch(512 + manifest.objectKey.length * 3 + count * 4)
    .u8(VERSION)
    .u32(16)
    .fixed(manifest.bucketId, 16)
    .lpText(manifest.objectKey)
    .u32(16)
    .fixed(manifest.versionUid, 16)
    .u32(16)
    .fixed(manifest.contentId, 16)
    .u32(8)
    .u64(manifest.plaintextSize)
    .u32(16)
    .fixed(manifest.etag, 16);
  if (checksum === undefined) out.u32(0);
  else {
    out
      .u32(2)
      .u8(CHECKSUM_ALGORITHMS.indexOf(checksum.algorithm) + 1)
      .u8(CHECKSUM_TYPES.indexOf(checksum.type) + 1);
  }
  out.u32(4).u32(manifest.shownPartCount);
  writePairs(out, manifest.contentHeaders);
  writePairs(out, manifest.userMetadata);
  out.u32(4).u32(count).lp(list.done());
  const bytes = out.done();
  // INVARIANT: what is written can be read. Of the few streams of most objects it shows without reading it all again.
  if (streams.kind === "inline") checkWritten(manifest, streams.entries);
  else decodeManifest(bytes);
  return bytes;
}

/** What {@link decodeManifest} would refuse and the writer has not. */
function checkWritten(manifest: Manifest, entries: readonly StreamEntry[]): void {
  if (manifest.shownPartCount > STREAMS_MAX) throw new CryptoError("Malformed", "more than 10,000 parts");
  const { checksum } = manifest;
  if (
    checksum !== undefined &&
    !(CHECKSUM_ALGORITHMS.includes(checksum.algorithm) && CHECKSUM_TYPES.includes(checksum.type))
  ) {
    throw new CryptoError("Malformed", "unknown checksum");
  }
  let size = 0;
  let last = 0;
  for (const { partNumber, plaintextSize } of entries) {
    if (partNumber <= last) throw new CryptoError("Malformed", "part numbers must ascend");
    last = partNumber;
    size += plaintextSize;
  }
  if (size !== manifest.plaintextSize) {
    throw new CryptoError("Malformed", "the streams' sizes do not sum to the object's");
  }
}

/** Byte fields are views. Throws BadVersion, Malformed, Truncated, TrailingBytes. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const reader = new Reader(bytes, "manifest");
  if (reader.u8() !== VERSION) throw new CryptoError("BadVersion", "manifest");
  const bucketId = reader.lpFixed(16);
  const objectKey = reader.lpText();
  const versionUid = reader.lpFixed(16);
  const contentId = reader.lpFixed(16);
  const plaintextSize = reader.lpNumber(8);
  const etag = reader.lpFixed(16);
  const checksum = readChecksum(reader);
  const shownPartCount = reader.lpNumber(4);
  const contentHeaders = readPairs(reader.lp());
  const userMetadata = readPairs(reader.lp());
  const count = reader.lpNumber(4);
  const list = reader.lp();
  reader.end();
  if (count > STREAMS_MAX || shownPartCount > STREAMS_MAX) reader.fail("more than 10,000 parts");
  const streams = readStreams(list, count, plaintextSize);
  return {
    bucketId,
    objectKey,
    versionUid,
    contentId,
    plaintextSize,
    etag,
    checksum,
    shownPartCount,
    contentHeaders,
    userMetadata,
    streams,
  };
}

/** SHA-256 of the manifest's stored bytes: what envelopes and manifest tags authenticate. */
export const manifestHash = (bytes: Uint8Array): Uint8Array => sha256(bytes);

/** The ETag without quotes: `hex`, or `hex-N` for a multipart object. */
export function etagText(manifest: Pick<Manifest, "etag" | "shownPartCount">): string {
  const hex = Buffer.from(manifest.etag).toString("hex");
  return manifest.shownPartCount === 0 ? hex : `${hex}-${manifest.shownPartCount}`;
}

/** What the page at `pageIndex` must be, for `openPage`. Throws BadRange if the manifest has no such page. */
export function expectedPage(manifest: Manifest, pageIndex: number): ExpectedPage {
  const { streams } = manifest;
  const entry = streams.kind === "paged" ? streams.pages[pageIndex] : undefined;
  if (streams.kind !== "paged" || entry === undefined) throw new CryptoError("BadRange", "stream page");
  const count = Math.min(STREAM_PAGE_ENTRIES, streams.count - pageIndex * STREAM_PAGE_ENTRIES);
  return {
    pageIndex,
    entry,
    count,
    endOffset: streams.pages[pageIndex + 1]?.firstOffset ?? manifest.plaintextSize,
  };
}

function readChecksum(reader: Reader): Manifest["checksum"] {
  const field = new Reader(reader.lp(2), "manifest");
  if (field.left === 0) return undefined;
  const algorithm = CHECKSUM_ALGORITHMS[field.u8() - 1] ?? reader.fail("unknown checksum algorithm");
  const type = CHECKSUM_TYPES[field.u8() - 1] ?? reader.fail("unknown checksum type");
  return { algorithm, type };
}

function readStreams(list: Uint8Array, count: number, plaintextSize: number): Streams {
  const reader = new Reader(list, "manifest streams");
  if (count > MANIFEST_STREAMS_MAX) {
    const pages = readDirectory(reader, plaintextSize);
    if (pages.length !== Math.ceil(count / STREAM_PAGE_ENTRIES)) reader.fail("count of pages");
    return { kind: "paged", count, pages };
  }
  const entries: StreamEntry[] = [];
  let size = 0;
  let last = 0;
  for (let i = 0; i < count; i++) {
    const entry = readEntry(reader, last);
    last = entry.partNumber;
    size += entry.plaintextSize;
    entries.push(entry);
  }
  reader.end();
  if (size !== plaintextSize) reader.fail("the streams' sizes do not sum to the object's");
  return { kind: "inline", entries };
}

function writePairs(out: Writer, pairs: Pairs): void {
  const list = Writer.scratch(128);
  for (const [name, value] of pairs) list.lpText(name).lpText(value);
  out.lp(list.done());
}

function readPairs(bytes: Uint8Array): Pairs {
  if (bytes.length === 0) return [];
  const reader = new Reader(bytes, "manifest pairs");
  const pairs: (readonly [string, string])[] = [];
  while (reader.left > 0) pairs.push([reader.lpText(), reader.lpText()]);
  return pairs;
}
