/** Opens single frames for one question, and closes its files when the question is answered. */
import { type FileHandle } from "node:fs/promises";
import { TRAIL_FRAME_CACHE_BYTES } from "../base/limits.ts";
import { hexOf } from "../store/key-order.ts";
import { ByteCache } from "./byte-cache.ts";
import { readInto, type TrailFiles } from "./files.ts";
import { SEGMENT_HEADER_BYTES, type SegmentHeader, type StoredRecord, textOf } from "./format.ts";
import type { FrameTable } from "./index-view.ts";
import { Segment, type SeedOf } from "./segment-reader.ts";

export interface SegmentName {
  readonly stream: string;
  readonly number: number;
}

/** A file that was copied or moved to another place shows its records there again, or in another one's stead. */
export const isAt = ({ streamId, number }: SegmentHeader, name: SegmentName): boolean =>
  number === name.number && hexOf(streamId) === name.stream;

interface OpenSegment {
  readonly file: FileHandle;
  readonly header: Uint8Array;
}

const FILES_MAX = 16;
interface OpenFrame {
  readonly bytes: number;
  readonly records: readonly StoredRecord[];
}
const NO_RECORDS: OpenFrame = { bytes: 0, records: [] };

export class FrameReader {
  readonly #files: TrailFiles;
  readonly #seedOf: SeedOf;
  readonly #open = new Map<string, OpenSegment>();
  readonly #frames = new ByteCache<OpenFrame>(TRAIL_FRAME_CACHE_BYTES);
  /** Frames read, and frames that could not be. */
  opened = 0;
  damaged = 0;

  constructor(files: TrailFiles, seedOf: SeedOf) {
    this.#files = files;
    this.#seedOf = seedOf;
  }

  /** The text of a record by its number in the segment; undefined where it cannot be read. */
  async text(name: SegmentName, frames: FrameTable, record: number): Promise<Uint8Array | undefined> {
    const { offsets, firsts, end } = frames;
    const place = frameOf(firsts, record);
    const offset = offsets[place] ?? end;
    const bytes = (offsets[place + 1] ?? end) - offset;
    const { records } = await this.#frames.load(`${name.stream}/${name.number}/${offset}`, async () => {
      const value = await this.#read(name, offset, bytes);
      return { value, bytes: value.bytes };
    });
    const found = records[record - (firsts[place] ?? 0)];
    // Put together for who asks: all of a frame's records in full are several times the frame.
    return found === undefined ? undefined : textOf(found.content);
  }

  async close(): Promise<void> {
    for (const { file } of this.#open.values()) await file.close();
    this.#open.clear();
  }

  async #read(name: SegmentName, offset: number, bytes: number): Promise<OpenFrame> {
    this.opened++;
    try {
      const { file, header } = await this.#segment(name);
      const frame = new Uint8Array(SEGMENT_HEADER_BYTES + bytes);
      frame.set(header);
      await readWhole(file, frame.subarray(SEGMENT_HEADER_BYTES), offset);
      const segment = Segment.from(frame, this.#seedOf);
      if (typeof segment === "string") throw new Error(segment);
      using open = segment;
      const place = open.frameAt(SEGMENT_HEADER_BYTES);
      const opened = place === undefined ? undefined : open.open(place);
      if (opened === undefined) throw new Error("the frame does not open");
      return opened;
    } catch (error) {
      // Pruned since its index was read.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return NO_RECORDS;
      // A question answers what it can; `verify` says what is wrong.
      this.damaged++;
      return NO_RECORDS;
    }
  }

  async #segment({ stream, number }: SegmentName): Promise<OpenSegment> {
    const name = `${stream}/${number}`;
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    for (const [old, { file }] of this.#open) {
      if (this.#open.size < FILES_MAX) break;
      this.#open.delete(old);
      await file.close();
    }
    const file = await this.#files.open(stream, number);
    const header = new Uint8Array(SEGMENT_HEADER_BYTES);
    const segment = { file, header };
    this.#open.set(name, segment);
    await readWhole(file, header, 0);
    return segment;
  }
}

/** The last frame that begins at or before a record. */
function frameOf(firsts: ArrayLike<number>, record: number): number {
  let low = 0;
  let high = firsts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((firsts[middle] ?? 0) <= record) low = middle;
    else high = middle - 1;
  }
  return low;
}

async function readWhole(file: FileHandle, into: Uint8Array, at: number): Promise<void> {
  if ((await readInto(file, into, at)) < into.length) throw new Error("the segment ends early");
}
