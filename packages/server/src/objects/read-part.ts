/** The bytes of one part, for `partNumber` (spec C.6). Parts count from 1 in their order; an object has one if it has none. */
import { STREAM_PAGE_ENTRIES } from "@strongroom/crypto";
import { IntegrityError } from "../base/errors.ts";
import type { Records } from "../store/records.ts";
import { readPage, type StreamRef } from "./content/open.ts";
import { invalidPartNumber } from "./read-range.ts";
import type { ObjectVersion } from "./rows/version-record.ts";

export interface PartRange {
  readonly from: number;
  readonly to: number;
  /** The part's stream; undefined for an object that is not multipart (a copy may still have many streams). */
  readonly ref: StreamRef | undefined;
}

export async function resolvePart(
  records: Records,
  version: ObjectVersion,
  partNumber: number,
): Promise<PartRange> {
  const { shownPartCount, plaintextSize } = version.manifest;
  const count = Math.max(1, shownPartCount);
  if (partNumber > count) invalidPartNumber(partNumber, count);
  if (shownPartCount === 0) return { from: 0, to: plaintextSize, ref: undefined };
  const ref = await streamAt(records, version, partNumber - 1);
  return { from: ref.offset, to: ref.offset + ref.entry.plaintextSize, ref };
}

export async function streamAt(records: Records, version: ObjectVersion, index: number): Promise<StreamRef> {
  const { streams } = version.manifest;
  if (streams.kind === "inline") {
    const entry = streams.entries[index];
    const location = version.locations?.[index];
    if (entry === undefined || location === undefined) throw new IntegrityError("a part is missing");
    const offset = streams.entries.slice(0, index).reduce((sum, e) => sum + e.plaintextSize, 0);
    return { index, offset, entry, location };
  }
  const pageIndex = Math.floor(index / STREAM_PAGE_ENTRIES);
  let offset = streams.pages[pageIndex]?.firstOffset ?? 0;
  for (const found of await readPage(records, version, pageIndex)) {
    if (found.index === index) return { ...found, offset };
    offset += found.entry.plaintextSize;
  }
  throw new IntegrityError("a part is missing");
}
