/** The index of a segment that has none in a file: made from its records, and continued while the segment grows. */
import { type FileHandle, open } from "node:fs/promises";
import type { TrailFiles } from "./files.ts";
import { factsOfEvent, NO_FACTS } from "./facts.ts";
import { SEGMENT_HEADER_BYTES } from "./format.ts";
import type { SegmentName } from "./frame-reader.ts";
import { FrameFacts, IndexBuilder } from "./index-builder.ts";
import { Segment, type SeedOf } from "./segment-reader.ts";
import { setImmediate as turn } from "node:timers/promises";
import { eventMs, parseEvent } from "./trail-event.ts";

export class LiveIndex {
  readonly index = new IndexBuilder();
  readonly #path: string;
  readonly #seedOf: SeedOf;
  /** One question at a time: the index must not grow under it. */
  #queue: Promise<unknown> = Promise.resolve();
  /** Of the file, when it was last read. */
  segmentBytes = 0;
  damaged = 0;

  constructor(files: TrailFiles, { stream, number }: SegmentName, seedOf: SeedOf) {
    this.#path = files.path(stream, number, "seg");
    this.#seedOf = seedOf;
  }

  use<T>(work: (index: IndexBuilder) => Promise<T>): Promise<T> {
    const done = this.#queue.then(async () => {
      await this.#goOn();
      return work(this.index);
    });
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #goOn(): Promise<void> {
    const file = await open(this.#path, "r");
    let bytes: Uint8Array;
    try {
      const { size } = await file.stat();
      if (size === this.segmentBytes) return;
      const from = Math.max(SEGMENT_HEADER_BYTES, this.index.end);
      bytes = await headerAndRest(file, from, size);
      this.segmentBytes = size;
      const segment = Segment.from(bytes, this.#seedOf);
      if (typeof segment === "string") {
        // A header that is being written, or none of ours.
        this.damaged++;
        return;
      }
      using opened = segment;
      await this.#take(opened, from - SEGMENT_HEADER_BYTES);
    } finally {
      await file.close();
    }
  }

  /** `shift`: what lies in the file between the header and the first frame here. */
  async #take(segment: Segment, shift: number): Promise<void> {
    for (const frame of segment.frames()) {
      const body = segment.open(frame);
      const offset = frame.offset + shift;
      if (body === undefined) this.damaged++;
      const facts = new FrameFacts();
      for (const { text } of body?.records ?? []) {
        const event = parseEvent(text);
        if (event === undefined) facts.add(NO_FACTS, frame.head.lastMs);
        else facts.add(factsOfEvent(event), eventMs(event));
      }
      this.index.frame(offset, frame.bytes, facts);
      await turn();
    }
  }
}

async function headerAndRest(file: FileHandle, from: number, to: number): Promise<Uint8Array> {
  const out = new Uint8Array(SEGMENT_HEADER_BYTES + Math.max(0, to - from));
  const { bytesRead } = await file.read(out, 0, SEGMENT_HEADER_BYTES, 0);
  let done = SEGMENT_HEADER_BYTES;
  while (bytesRead === SEGMENT_HEADER_BYTES && done < out.length) {
    const read = await file.read(out, done, out.length - done, from + done - SEGMENT_HEADER_BYTES);
    if (read.bytesRead === 0) break;
    done += read.bytesRead;
  }
  return out.subarray(0, bytesRead < SEGMENT_HEADER_BYTES ? bytesRead : done);
}
