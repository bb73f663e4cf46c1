/** Opens the index of a segment, or makes it again from the segment's records. */
import { stat } from "node:fs/promises";
import type { TrailFiles } from "./files.ts";
import { decodeSegmentHeader } from "./format.ts";
import type { SegmentName } from "./frame-reader.ts";
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
  if (header === undefined || seed === undefined) return undefined;
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
  if (index.head.segmentBytes === size && index.head.end <= size) return index;
  await index.close();
  return undefined;
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

/** Of a stream that has ended. Returns how many were made. */
export async function makeMissingIndexes(place: TrailPlace, stream: string): Promise<number> {
  let made = 0;
  for (const number of await place.files.segments(stream)) {
    const name = { stream, number };
    const present = await openIndex(place, name);
    if (present !== undefined) {
      await present.close();
      continue;
    }
    await writeIndexOf(place, name, new LiveIndex(place.files, name, place.seedOf));
    made++;
  }
  return made;
}
