/** Opens the index of a segment, or makes it again from the segment's records. */
import type { FileHandle } from "node:fs/promises";
import { open, stat } from "node:fs/promises";
import type { TrailFiles } from "./files.ts";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from "./format.ts";
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
  const header = await headerOf(path);
  const decoded = header === undefined ? undefined : decodeSegmentHeader(header);
  const seed = decoded === undefined ? undefined : seedOf(decoded.term);
  if (header === undefined || seed === undefined) return undefined;
  let index: IndexFile;
  try {
    index = await IndexFile.open(files.path(stream, number, "idx"), seed, header);
  } catch {
    return undefined;
  }
  const { size } = await stat(path);
  if (index.head.segmentBytes === size) return index;
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
  const header = await headerOf(files.path(stream, number, "seg"));
  const decoded = header === undefined ? undefined : decodeSegmentHeader(header);
  const seed = decoded === undefined ? undefined : seedOf(decoded.term);
  if (header === undefined || seed === undefined) return;
  const sealed = await live.use((index) => sealIndex(seed, header, index, live.segmentBytes));
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

async function headerOf(path: string): Promise<Uint8Array | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch {
    return undefined;
  }
  try {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytesRead === bytes.length ? bytes : undefined;
  } finally {
    await file.close();
  }
}
