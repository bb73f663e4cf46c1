/**
 * The manifest's entries for its streams (sealed format, section 5), and the pages that hold them beyond sixteen.
 *
 *     entry     = partNumber(4) || plaintextSize(8) || layers(1) || commitment(32) per layer || LP(sealed part checksums)
 *     page      = version(1) = 1 || pageIndex(4) || count(4) || entries
 *     directory = firstOffset(8) || firstPartNumber(4) || SHA-256(page), 44 bytes, one per page
 *
 * A page is a record of its own; the directory in the manifest authenticates it, so that a range of an object of 10,000
 * parts reads two small records.
 */
import { timingSafeEqual } from "node:crypto";
import { Reader, Writer } from "./bytes.ts";
import { sha256 } from "./derive.ts";
import { CryptoError } from "./errors.ts";

/** Streams that stand in a manifest itself. */
export const MANIFEST_STREAMS_MAX = 16;
/** Entries of a full page: all but the last. */
export const STREAM_PAGE_ENTRIES = 256;
export const STREAMS_MAX = 10_000;
const PART_NUMBER_MAX = 10_000;
const VERSION = 1;

/** One sealed stream: an object's body (part number 1), or one part. */
export interface StreamEntry {
  /** 1 to 10,000, ascending. */
  readonly partNumber: number;
  /** Of the plaintext. */
  readonly plaintextSize: number;
  /** 32 bytes a layer: one, or for DSSE [layer 0, layer 1]. */
  readonly commitments: readonly [Uint8Array] | readonly [Uint8Array, Uint8Array];
  /** `sealPartChecksums`; empty where there are none. */
  readonly sealedChecksums: Uint8Array;
}

/** What the manifest says of a page. */
export interface PageEntry {
  /** Plaintext offset in the object of the page's first stream. */
  readonly firstOffset: number;
  readonly firstPartNumber: number;
  /** SHA-256 of the page's bytes. */
  readonly hash: Uint8Array;
}

export function writeEntry(out: Writer, entry: StreamEntry): void {
  if (!Number.isInteger(entry.partNumber) || entry.partNumber < 1 || entry.partNumber > PART_NUMBER_MAX) {
    throw new CryptoError("Malformed", "part number");
  }
  out.u32(entry.partNumber).u64(entry.plaintextSize).u8(entry.commitments.length);
  for (const commitment of entry.commitments) out.fixed(commitment, 32);
  out.lp(entry.sealedChecksums);
}

/** `after`: the part number before. Throws Malformed where numbers do not ascend. */
export function readEntry(reader: Reader, after: number): StreamEntry {
  const partNumber = reader.u32();
  if (partNumber <= after || partNumber > PART_NUMBER_MAX) reader.fail("part numbers must ascend");
  const plaintextSize = reader.u64();
  const layers = reader.u8();
  if (layers !== 1 && layers !== 2) reader.fail("a stream has one or two layers");
  const first = reader.take(32);
  const commitments = layers === 1 ? ([first] as const) : ([first, reader.take(32)] as const);
  return { partNumber, plaintextSize, commitments, sealedChecksums: reader.lp() };
}

export function writeDirectory(out: Writer, pages: readonly PageEntry[]): void {
  for (const page of pages) out.u64(page.firstOffset).u32(page.firstPartNumber).fixed(page.hash, 32);
}

export function readDirectory(reader: Reader, objectSize: number): readonly PageEntry[] {
  const pages: PageEntry[] = [];
  let previous: PageEntry = { firstOffset: 0, firstPartNumber: 0, hash: new Uint8Array(0) };
  while (reader.left > 0) {
    const page = { firstOffset: reader.u64(), firstPartNumber: reader.u32(), hash: reader.take(32) };
    const starts = pages.length > 0 || page.firstOffset === 0;
    if (!starts || page.firstOffset < previous.firstOffset || page.firstOffset > objectSize) {
      reader.fail("page offsets must ascend");
    }
    if (page.firstPartNumber <= previous.firstPartNumber || page.firstPartNumber > PART_NUMBER_MAX) {
      reader.fail("page part numbers must ascend");
    }
    pages.push(page);
    previous = page;
  }
  return pages;
}

/** Splits an object's streams into pages of 256: each page's bytes for its record, and its directory entry. */
export function encodePages(
  entries: readonly StreamEntry[],
): readonly { readonly bytes: Uint8Array; readonly entry: PageEntry }[] {
  const pages: { bytes: Uint8Array; entry: PageEntry }[] = [];
  let offset = 0;
  for (let from = 0; from < entries.length; from += STREAM_PAGE_ENTRIES) {
    const slice = entries.slice(from, from + STREAM_PAGE_ENTRIES);
    const firstOffset = offset;
    const out = new Writer(16 + slice.length * 128).u8(VERSION).u32(pages.length).u32(slice.length);
    for (const entry of slice) {
      writeEntry(out, entry);
      offset += entry.plaintextSize;
    }
    const bytes = out.done();
    const firstPartNumber = slice[0]?.partNumber ?? 0;
    pages.push({ bytes, entry: { firstOffset, firstPartNumber, hash: sha256(bytes) } });
  }
  return pages;
}

/** What a page must be, by the manifest. */
export interface ExpectedPage {
  readonly pageIndex: number;
  readonly entry: PageEntry;
  /** Entries: 256, or what is left for the last page. */
  readonly count: number;
  /** Where the next page's first stream begins, or the object's size for the last page. */
  readonly endOffset: number;
}

/** Verifies and reads one page. Throws ManifestMismatch if it is not the page whose hash the manifest holds; Malformed. */
export function openPage(bytes: Uint8Array, expected: ExpectedPage): readonly StreamEntry[] {
  const hash = sha256(bytes);
  if (expected.entry.hash.length !== 32 || !timingSafeEqual(hash, expected.entry.hash)) {
    throw new CryptoError("ManifestMismatch", "stream page");
  }
  const reader = new Reader(bytes, "stream page");
  if (reader.u8() !== VERSION) throw new CryptoError("BadVersion", "stream page");
  if (reader.u32() !== expected.pageIndex) throw new CryptoError("ManifestMismatch", "stream page");
  if (reader.u32() !== expected.count) throw new CryptoError("ManifestMismatch", "stream page");
  const entries: StreamEntry[] = [];
  let offset = expected.entry.firstOffset;
  let last = expected.entry.firstPartNumber - 1;
  for (let i = 0; i < expected.count; i++) {
    const entry = readEntry(reader, last);
    last = entry.partNumber;
    offset += entry.plaintextSize;
    entries.push(entry);
  }
  reader.end();
  if (entries[0]?.partNumber !== expected.entry.firstPartNumber || offset !== expected.endOffset) {
    throw new CryptoError("ManifestMismatch", "stream page");
  }
  return entries;
}
