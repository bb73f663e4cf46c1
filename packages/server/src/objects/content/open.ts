/**
 * Sealed streams in, plaintext out. A content of one inline stream opens whole in one go; everything else is a sequence of
 * verified pieces over the streams that a range touches. Nothing is released before its segment has verified; damage
 * is an IntegrityError, never an early end.
 */
import {
  CryptoError,
  expectedPage,
  openDsseRange,
  openPage,
  openRange,
  openSmall,
  openSmallDsse,
  STREAM_PAGE_ENTRIES,
  type StreamEntry,
} from "@strongroom/crypto";
import { IntegrityError } from "../../base/errors.ts";
import type { ContentId } from "../../base/ids.ts";
import type { RowKey } from "../../store/port.ts";
import type { Records } from "../../store/records.ts";
import type { Deks, OpenedVersion } from "../encryption/envelopes.ts";
import { locationPageCodec, streamPageCodec } from "../rows/codecs.ts";
import { inlineKey, pageKey } from "../rows/row-keys.ts";
import type { ObjectVersion } from "../rows/version-record.ts";
import type { Location } from "./location.ts";

/** A stream of a content: its index, where it begins in the object, what it is and where it lies. */
export interface StreamRef {
  readonly index: number;
  readonly offset: number;
  readonly entry: StreamEntry;
  readonly location: Location;
}

/** The row of the inline stream that is the whole content; undefined if it is anything else. */
export function soleInlineRow(version: ObjectVersion): RowKey | undefined {
  const [location, more] = version.locations ?? [];
  if (location === undefined || more !== undefined || location.blob !== undefined) return undefined;
  return { table: "inline", key: inlineKey(version.contentId, 0) };
}

/** The whole plaintext of a content whose only stream is inline. One MAC and one cipher call a layer. */
export function openInline(version: ObjectVersion, stored: Uint8Array, opened: OpenedVersion): Uint8Array {
  const { streams } = version.manifest;
  const entry = streams.kind === "inline" ? streams.entries[0] : undefined;
  if (entry === undefined) throw new IntegrityError("an inline content without a stream");
  if (opened.small === undefined) return openEntry(entry, stored, opened.deks);
  try {
    return opened.small.open(stored);
  } catch (error) {
    throw asIntegrity(error);
  }
}

function openEntry(entry: StreamEntry, stored: Uint8Array, deks: Deks): Uint8Array {
  const [inner, outer] = deks;
  const [first, second] = entry.commitments;
  try {
    if (outer === undefined || second === undefined) {
      if ((outer === undefined) !== (second === undefined)) throw new IntegrityError("layers differ");
      return openSmall(stored, inner, 0, first, entry.plaintextSize);
    }
    return openSmallDsse(stored, {
      deks: [inner, outer],
      commitments: [first, second],
      plaintextSize: entry.plaintextSize,
    });
  } catch (error) {
    throw asIntegrity(error);
  }
}

/**
 * Plaintext [from, to) of an object. Yields nothing for an empty range. A piece is overwritten once the next one is asked for.
 */
export async function* openContent(
  records: Records,
  version: ObjectVersion,
  deks: Deks,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const ref of streamsOf(records, version, from, to)) {
      const start = Math.max(0, from - ref.offset);
      const end = Math.min(ref.entry.plaintextSize, to - ref.offset);
      yield* openPart(records, version.contentId, ref, deks, start, end);
    }
  } catch (error) {
    throw asIntegrity(error);
  }
}

/** Plaintext [from, to) of one stream. Pieces as in {@link openContent}. */
export async function* openPart(
  records: Records,
  content: ContentId,
  ref: StreamRef,
  deks: Deks,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { entry, location } = ref;
  const { blob } = location;
  if (blob === undefined) {
    const key = { table: "inline" as const, key: inlineKey(content, ref.index) };
    const [row] = await records.store.get([key]);
    if (row === undefined) throw new IntegrityError("an inline stream is missing");
    const plaintext = openEntry(entry, row.value, deks);
    yield plaintext.subarray(from, to);
    return;
  }
  const [inner, outer] = deks;
  const [first, second] = entry.commitments;
  if ((outer === undefined) !== (second === undefined)) throw new IntegrityError("layers differ");
  // What is behind the final segment is never read: its size tells that nothing is.
  const read = (a: number, b: number): AsyncIterable<Uint8Array> =>
    records.store.blobs.get(blob, a, b, location.storedSize);
  if (outer === undefined || second === undefined) {
    const spec = { dek: inner, layer: 0 as const, commitment: first, plaintextSize: entry.plaintextSize };
    yield* openRange(read, location.storedSize, spec, from, to, true);
    return;
  }
  const spec = {
    deks: [inner, outer] as const,
    commitments: [first, second] as const,
    plaintextSize: entry.plaintextSize,
  };
  yield* openDsseRange(read, location.storedSize, spec, from, to, true);
}

/**
 * The streams that plaintext [from, to) touches, in order; for an empty object its one empty stream. A range of an object
 * with many parts reads only the pages it needs. `all`: also those that hold no byte.
 */
export async function* streamsOf(
  records: Records,
  version: ObjectVersion,
  from: number,
  to: number,
  all = false,
): AsyncGenerator<StreamRef, void, undefined> {
  const { streams, plaintextSize } = version.manifest;
  const wants = (offset: number, size: number): boolean =>
    all || plaintextSize === 0 || (offset < to && offset + size > from);
  if (streams.kind === "inline") {
    let offset = 0;
    for (const [index, entry] of streams.entries.entries()) {
      const location = version.locations?.[index];
      if (location === undefined) throw new IntegrityError("a stream without a location");
      if (wants(offset, entry.plaintextSize)) yield { index, offset, entry, location };
      offset += entry.plaintextSize;
    }
    return;
  }
  for (const [pageIndex, page] of streams.pages.entries()) {
    const end = streams.pages[pageIndex + 1]?.firstOffset ?? plaintextSize;
    if (!wants(page.firstOffset, end - page.firstOffset)) continue;
    let { firstOffset: offset } = page;
    for (const { entry, location, index } of await readPage(records, version, pageIndex)) {
      if (wants(offset, entry.plaintextSize)) yield { index, offset, entry, location };
      offset += entry.plaintextSize;
    }
  }
}

/** The streams of one page, by index in the object. */
export async function readPage(
  records: Records,
  version: ObjectVersion,
  pageIndex: number,
): Promise<readonly { readonly index: number; readonly entry: StreamEntry; readonly location: Location }[]> {
  const [entriesRow, locationsRow] = await records.store.get([
    { table: "page", key: pageKey(version.contentId, "streams", pageIndex) },
    { table: "page", key: pageKey(version.contentId, "locations", pageIndex) },
  ]);
  if (entriesRow === undefined || locationsRow === undefined) {
    throw new IntegrityError("a page of streams is missing");
  }
  const page = await records.open(streamPageCodec, "page", entriesRow, false);
  const entries = openPage(page.value, expectedPage(version.manifest, pageIndex));
  const locations = (await records.open(locationPageCodec, "page", locationsRow, false)).value;
  if (locations.length !== entries.length) throw new IntegrityError("pages of streams and locations differ");
  return entries.map((entry, i) => {
    const location = locations[i];
    if (location === undefined) throw new IntegrityError("a stream without a location");
    return { index: pageIndex * STREAM_PAGE_ENTRIES + i, entry, location };
  });
}

/** What the bytes or a record cannot be is damage; everything else passes. */
export function asIntegrity(error: unknown): unknown {
  return error instanceof CryptoError ? new IntegrityError("a sealed stream does not open", error) : error;
}
