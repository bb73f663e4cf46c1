/**
 * Finds records: groups of frames that may hold what is asked for (by times and term filters), opened one by one. A
 * damaged place is skipped and counted: a query answers what it can, `verify` says what is wrong.
 */
import { setImmediate as turn } from "node:timers/promises";
import { type SecretKey } from "@strongroom/crypto";
import { open, type FileHandle } from "node:fs/promises";
import type { TrailFiles } from "./files.ts";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from "./format.ts";
import { type Group, openIndex } from "./index-file.ts";
import { Segment, type SeedOf } from "./segment-reader.ts";
import { mayHold } from "./terms.ts";

export interface Wanted {
  /** Milliseconds, both inclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Hashes that all must be in a record's terms. */
  readonly terms: readonly number[];
}

export interface FoundGroup extends Group {
  readonly stream: string;
  readonly segment: number;
}

export interface ReaderCounts {
  groups: number;
  opened: number;
  damaged: number;
}

export class TrailReader {
  readonly #files: TrailFiles;
  readonly #seedOf: SeedOf;
  readonly counts: ReaderCounts = { groups: 0, opened: 0, damaged: 0 };
  /** Indexes of finished segments do not change. */
  readonly #indexes = new Map<string, readonly Group[]>();
  #last: { readonly name: string; readonly segment: Segment } | undefined;

  constructor(files: TrailFiles, seedOf: SeedOf) {
    this.#files = files;
    this.#seedOf = seedOf;
  }

  /** Every group that may hold a wanted record, in no order. */
  async groups(wanted: Wanted): Promise<readonly FoundGroup[]> {
    const found: FoundGroup[] = [];
    for (const stream of await this.#files.streams()) {
      for (const segment of await this.#files.segments(stream)) {
        for (const group of await this.#groupsOf(stream, segment)) {
          this.counts.groups++;
          if (group.lastMs < wanted.fromMs || group.firstMs > wanted.toMs) continue;
          const { filter } = group;
          if (filter !== undefined && !wanted.terms.every((term) => mayHold(filter, term))) continue;
          found.push({ ...group, stream, segment });
        }
        await turn();
      }
    }
    return found;
  }

  /** The texts of a group's records, in the order they were written. */
  async texts(group: FoundGroup): Promise<readonly Uint8Array[]> {
    const segment = await this.#segment(group.stream, group.segment);
    if (segment === undefined) return [];
    this.counts.opened++;
    const texts: Uint8Array[] = [];
    for (const frame of segment.frames(group.offset, group.offset + group.bytes)) {
      const body = segment.open(frame);
      if (body === undefined) {
        this.counts.damaged++;
        continue;
      }
      for (const { text } of body.records) texts.push(text);
    }
    return texts;
  }

  async #groupsOf(stream: string, number: number): Promise<readonly Group[]> {
    const name = `${stream}/${number}`;
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    const sealed = await this.#files.readIndex(stream, number);
    const header = sealed === undefined ? undefined : await headerOf(this.#files.path(stream, number, "seg"));
    const seed = header === undefined ? undefined : this.#seedFor(header);
    const groups =
      sealed === undefined || header === undefined || seed === undefined
        ? undefined
        : openIndex(seed, header, sealed);
    if (groups !== undefined) {
      this.#indexes.set(name, groups);
      return groups;
    }
    // Still being written, or its process died: its frames tell times, and must be looked into for the rest.
    const segment = await this.#read(stream, number);
    if (segment === undefined) return [];
    return [...segment.frames()].map(({ head, offset, bytes }) => ({
      offset,
      bytes,
      records: head.count,
      firstMs: head.firstMs,
      lastMs: head.lastMs,
    }));
  }

  #seedFor(header: Uint8Array): SecretKey<"audit"> | undefined {
    const decoded = decodeSegmentHeader(header);
    return decoded === undefined ? undefined : this.#seedOf(decoded.term);
  }

  async #segment(stream: string, number: number): Promise<Segment | undefined> {
    const name = `${stream}/${number}`;
    if (this.#last?.name === name) return this.#last.segment;
    return this.#read(stream, number);
  }

  async #read(stream: string, number: number): Promise<Segment | undefined> {
    const segment = await Segment.read(this.#files, stream, number, this.#seedOf).catch(() => "no header");
    if (typeof segment === "string") {
      this.counts.damaged++;
      return undefined;
    }
    this.#last?.segment[Symbol.dispose]();
    this.#last = { name: `${stream}/${number}`, segment };
    return segment;
  }
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
