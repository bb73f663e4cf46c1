/** The index of a segment that has none in a file: made from its records, and continued while the segment grows. */
import type { TrailFiles } from "./files.ts";
import { factsOfEvent, NO_FACTS } from "./facts.ts";
import { SEGMENT_HEADER_BYTES } from "./format.ts";
import { isAt, type SegmentName } from "./frame-reader.ts";
import { FrameFacts, IndexBuilder } from "./index-builder.ts";
import { Segment, type SeedOf } from "./segment-reader.ts";
import { setImmediate as turn } from "node:timers/promises";
import { eventMs, parseEvent } from "./trail-event.ts";

export class LiveIndex {
  readonly index = new IndexBuilder();
  readonly #files: TrailFiles;
  readonly #name: SegmentName;
  readonly #seedOf: SeedOf;
  #header = new Uint8Array(0);
  /** One question at a time: the index must not grow under it. */
  #queue: Promise<unknown> = Promise.resolve();
  damaged = 0;

  constructor(files: TrailFiles, name: SegmentName, seedOf: SeedOf) {
    this.#files = files;
    this.#name = name;
    this.#seedOf = seedOf;
  }

  /** `mayGrow`: it is the last of its stream, so what does not open at its end may be being written. */
  use<T>(work: (index: IndexBuilder) => Promise<T>, mayGrow = true): Promise<T> {
    const done = this.#queue.then(async () => {
      await this.#goOn(mayGrow);
      return work(this.index);
    });
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #goOn(mayGrow: boolean): Promise<void> {
    const { stream, number } = this.#name;
    // Under the header, which is read once, every frame opens.
    const from = this.index.end;
    const read = await this.#files.read(stream, number, from);
    if (from === 0) this.#header = read.slice(0, SEGMENT_HEADER_BYTES);
    const segment = Segment.from(from === 0 ? read : Buffer.concat([this.#header, read]), this.#seedOf);
    if (typeof segment === "string") {
      // A header that is being written, or none of ours.
      this.damaged++;
      return;
    }
    using opened = segment;
    if (!isAt(opened.header, this.#name)) {
      this.damaged++;
      return;
    }
    await this.#take(opened, from === 0 ? 0 : from - SEGMENT_HEADER_BYTES, mayGrow);
  }

  /** `shift`: what lies in the file between the header and the first frame here. */
  async #take(segment: Segment, shift: number, mayGrow: boolean): Promise<void> {
    for (const frame of segment.frames()) {
      const body = segment.open(frame);
      // The next question looks again.
      if (body === undefined && mayGrow && segment.isLast(frame)) return;
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
    // Frames end where bytes are none: an end, one that is being written, or a place that hides all behind it.
    const end = Math.max(this.index.end - shift, SEGMENT_HEADER_BYTES);
    if (segment.end > end && (!mayGrow || segment.findFrame(end) !== undefined)) this.damaged++;
  }
}
