/** Opens the index of a segment, or makes it again from the segment's records. */
import { stat } from "node:fs/promises";
import type { TrailFiles } from "./files.ts";
import { decodeSegmentHeader } from "./format.ts";
import { isAt, type SegmentName } from "./frame-reader.ts";
import { IndexFile, sealIndex } from "./index-file.ts";
import { LiveIndex } from "./live-index.ts";
import type { SeedOf } from "./segment-reader.ts";

export interface TrailPlace {
  readonly files: TrailFiles;
  readonly seedOf: SeedOf;
}

/** Undefined where there is none, or none that fits the segment as it is. */
export async function openIndex(
  { files, seedOf }: TrailPlace,
  { stream, number }: SegmentName,
): Promise<IndexFile | undefined> {
  const path = files.path(stream, number, "seg");
  const header = await files.header(stream, number);
  const decoded = header === undefined ? undefined : decodeSegmentHeader(header);
  const seed = decoded === undefined ? undefined : seedOf(decoded.term);
  if (header === undefined || decoded === undefined || seed === undefined) return undefined;
  if (!isAt(decoded, { stream, number })) return undefined;
  let index: IndexFile;
  try {
    index = await IndexFile.open(files.path(stream, number, "idx"), seed, header);
  } catch {
    return undefined;
  }
  // Undefined if it was pruned just now.
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  const records = await recordsOf(files, { stream, number }, decoded.firstSeq);
  const fits = records === undefined || index.head.records === records;
  if (fits && index.head.segmentBytes === size && index.head.end <= size) return index;
  await index.close();
  return undefined;
}

/**
 * How many records a segment has, by the header behind it; undefined for the last of its stream. An index that was made
 * while a place could not be read fits the segment's size again once the place is as it was, and would hide its records.
 */
async function recordsOf(
  files: TrailFiles,
  { stream, number }: SegmentName,
  firstSeq: number,
): Promise<number | undefined> {
  const next = await firstSeqOf(files, { stream, number: number + 1 });
  return next === undefined ? undefined : next - firstSeq;
}

/** Does an index made from the records have them all? `records`: of a segment that has none behind it, if they are known. */
export async function isWhole(
  { files }: TrailPlace,
  name: SegmentName,
  live: LiveIndex,
  records?: number,
): Promise<boolean> {
  if (live.damaged > 0) return false;
  const firstSeq = await firstSeqOf(files, name);
  if (firstSeq === undefined) return false;
  const expected = (await recordsOf(files, name, firstSeq)) ?? records;
  return expected === undefined || live.index.records === expected;
}

/** Only of a segment that does not grow any more. */
export async function writeIndexOf(
  { files, seedOf }: TrailPlace,
  name: SegmentName,
  live: LiveIndex,
): Promise<void> {
  const { stream, number } = name;
  const header = await files.header(stream, number);
  const decoded = header === undefined ? undefined : decodeSegmentHeader(header);
  const seed = decoded === undefined ? undefined : seedOf(decoded.term);
  if (header === undefined || seed === undefined) return;
  const { size } = await stat(files.path(stream, number, "seg"));
  const sealed = await live.use((index) => sealIndex(seed, header, index, size));
  await files.writeIndex(stream, number, sealed);
}

/** Of a stream that has ended before `nextSeq`. Returns how many were made: none where records can't be read. */
export async function makeMissingIndexes(
  place: TrailPlace,
  stream: string,
  nextSeq: number,
): Promise<number> {
  let made = 0;
  for (const number of await place.files.segments(stream)) {
    const name = { stream, number };
    const present = await openIndex(place, name);
    if (present !== undefined) {
      await present.close();
      continue;
    }
    const live = new LiveIndex(place.files, name, place.seedOf);
    const firstSeq = await live.use(() => firstSeqOf(place.files, name));
    if (firstSeq === undefined || !(await isWhole(place, name, live, nextSeq - firstSeq))) continue;
    await writeIndexOf(place, name, live);
    made++;
  }
  return made;
}

async function firstSeqOf(files: TrailFiles, name: SegmentName): Promise<number | undefined> {
  const header = await files.header(name.stream, name.number);
  const decoded = header === undefined ? undefined : decodeSegmentHeader(header);
  return decoded !== undefined && isAt(decoded, name) ? decoded.firstSeq : undefined;
}
