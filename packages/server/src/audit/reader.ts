/**
 * Finds records by the indexes of segments. What an index does not know (a segment that is being written, an index that
 * was lost) is indexed from the records. A damaged place is skipped and counted: a query answers what it can, `verify` says what is
 * wrong.
 */
import { setImmediate as turn } from "node:timers/promises";
import { TRAIL_INDEX_CACHE_BYTES } from "../base/limits.ts";
import { RecentMap } from "../base/recent-map.ts";
import { ByteCache } from "./byte-cache.ts";
import type { TrailFiles } from "./files.ts";
import { FrameReader, type SegmentName } from "./frame-reader.ts";
import type { IndexBuilder } from "./index-builder.ts";
import type { IndexView } from "./index-view.ts";
import { LiveIndex } from "./live-index.ts";
import { isWhole, openIndex, type TrailPlace, writeIndexOf } from "./reindex.ts";
import { type IndexCaches, SealedIndex } from "./sealed-index.ts";
import type { SeedOf } from "./segment-reader.ts";

export interface SegmentRef extends SegmentName {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly records: number;
  /** Of its stream: it may be growing. */
  readonly last: boolean;
}

export interface ReaderCounts {
  /** Frames that were read. */
  opened: number;
  damaged: number;
  /** Indexes that were missing or damaged and were made again. */
  rebuilt: number;
}

interface Times {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly records: number;
}

const SEGMENTS_KEPT = 20_000;
const LIVE_KEPT = 16;

export class TrailReader {
  readonly #place: TrailPlace;
  readonly counts: ReaderCounts = { opened: 0, damaged: 0, rebuilt: 0 };
  /** Of finished segments, which do not change. */
  readonly #times = new RecentMap<string, Times>(SEGMENTS_KEPT);
  /** How many damaged places of a segment are counted. */
  readonly #told = new RecentMap<string, number>(SEGMENTS_KEPT);
  readonly #live = new RecentMap<string, LiveIndex>(LIVE_KEPT);
  readonly #caches: IndexCaches = {
    values: new ByteCache(TRAIL_INDEX_CACHE_BYTES),
    integers: new ByteCache(TRAIL_INDEX_CACHE_BYTES),
  };

  constructor(files: TrailFiles, seedOf: SeedOf) {
    this.#place = { files, seedOf };
  }

  /** Those with records in a time, in no order. */
  async segments(fromMs: number, toMs: number): Promise<readonly SegmentRef[]> {
    const found: SegmentRef[] = [];
    const { files } = this.#place;
    for (const stream of await files.streams()) {
      const numbers = await files.segments(stream);
      for (const number of numbers) {
        const name = { stream, number };
        const last = number === numbers.at(-1);
        const times = this.#times.get(nameOf(name)) ?? (await this.#look(name, last));
        if (times === undefined || times.records === 0) continue;
        if (times.lastMs >= fromMs && times.firstMs <= toMs) found.push({ ...name, ...times, last });
      }
      await turn();
    }
    return found;
  }

  /**
   * Undefined for a segment that is gone: it was pruned meanwhile. `work` is done again where an index turns out to be
   * damaged: it must leave nothing behind before it has read all that it needs.
   */
  async withIndex<T>(
    { stream, number, last }: SegmentRef,
    work: (index: IndexView) => Promise<T>,
  ): Promise<T | undefined> {
    const name = { stream, number };
    const file = await openIndex(this.#place, name);
    try {
      if (file === undefined) return (await this.#byRecords(name, last, work)).done;
      try {
        return await work(new SealedIndex(`${nameOf(name)}/${file.id}`, file, this.#caches));
      } catch {
        const { done, live } = await this.#byRecords(name, last, work, file.head.records);
        if (live !== undefined) await this.#write(name, live);
        return done;
      }
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    } finally {
      await file?.close();
    }
  }

  /** For one question; to be closed. */
  frames(): FrameReader {
    const { files, seedOf } = this.#place;
    return new FrameReader(files, seedOf);
  }

  async #look(name: SegmentName, last: boolean): Promise<Times | undefined> {
    const file = await openIndex(this.#place, name);
    if (file !== undefined) {
      const { firstMs, lastMs, records } = file.head;
      await file.close();
      const times = { firstMs, lastMs, records };
      this.#times.set(nameOf(name), times);
      return times;
    }
    const timesOf = ({ firstMs, lastMs, records }: Times): Promise<Times> =>
      Promise.resolve({ firstMs, lastMs, records });
    try {
      const { done, live } = await this.#byRecords(name, last, timesOf);
      // The last of a stream may be growing still; its writer, or whoever ends the stream, makes its index.
      if (!last && live !== undefined) await this.#write(name, live);
      return done;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /**
   * By the segment's records. Where not all can be read, that is counted, and what was made of the others serves this
   * question only: the next may find the place whole. `live`: it has them all.
   */
  async #byRecords<T>(
    name: SegmentName,
    last: boolean,
    work: (index: IndexBuilder) => Promise<T>,
    records?: number,
  ): Promise<{ readonly done: T; readonly live?: LiveIndex }> {
    const live = this.#liveOf(name);
    const done = await live.use(work, last);
    // Of one that grows, or grew just now, nothing says yet how many it has.
    const missing = live.damaged > 0 || (records !== undefined && live.index.records !== records);
    if (last ? !missing : await isWhole(this.#place, name, live, records)) return { done, live };
    this.#live.delete(nameOf(name));
    const places = Math.max(1, live.damaged);
    const told = this.#told.get(nameOf(name)) ?? 0;
    this.#told.set(nameOf(name), Math.max(told, places));
    this.counts.damaged += Math.max(0, places - told);
    return { done };
  }

  async #write(name: SegmentName, live: LiveIndex): Promise<void> {
    await writeIndexOf(this.#place, name, live).catch(() => {
      // A full disk, or no right to write: it is made again next time.
    });
    this.counts.rebuilt++;
  }

  #liveOf(name: SegmentName): LiveIndex {
    const { files, seedOf } = this.#place;
    let live = this.#live.get(nameOf(name));
    if (live === undefined) {
      live = new LiveIndex(files, name, seedOf);
      this.#live.set(nameOf(name), live);
    }
    return live;
  }
}

const nameOf = ({ stream, number }: SegmentName): string => `${stream}/${number}`;
const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";
