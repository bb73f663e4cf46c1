/** Records that may be meant, in the order of their times over all segments, each segment looked at when its time comes. */
import type { SegmentName } from "./frame-reader.ts";
import type { FrameTable } from "./index-view.ts";
import type { Integers } from "./planes.ts";
import type { SegmentRef, TrailReader } from "./reader.ts";
import { matching, type Plan } from "./search.ts";

export type Order = "oldest" | "newest";

export interface Candidate {
  readonly segment: SegmentName;
  readonly frames: FrameTable;
  /** Number in its segment. */
  readonly record: number;
  readonly timeMs: number;
}

interface Cursor {
  readonly segment: SegmentRef;
  readonly frames: FrameTable;
  readonly records: Uint32Array;
  readonly times: Integers;
  at: number;
}

export async function* candidates(reader: TrailReader, plan: Plan, order: Order): AsyncGenerator<Candidate> {
  const sign = order === "oldest" ? 1 : -1;
  const border = (s: SegmentRef): number => (order === "oldest" ? s.firstMs : s.lastMs);
  const waiting = [...(await reader.segments(plan.fromMs, plan.toMs))]
    .toSorted((a, b) => sign * (border(a) - border(b)))
    .values();
  const active: Cursor[] = [];
  let next = waiting.next();
  for (;;) {
    let best = first(active, sign);
    while (next.done !== true && (best === undefined || sign * (border(next.value) - timeOf(best)) <= 0)) {
      const cursor = await begin(reader, next.value, plan, sign);
      if (cursor !== undefined) active.push(cursor);
      next = waiting.next();
      best = first(active, sign);
    }
    if (best === undefined) return;
    const { segment, frames, records, at } = best;
    yield { segment, frames, record: records[at] ?? 0, timeMs: timeOf(best) };
    if (++best.at === records.length) active.splice(active.indexOf(best), 1);
  }
}

const timeOf = ({ times, records, at }: Cursor): number => times[records[at] ?? 0] ?? 0;

/** Few are active at a time: those of the streams that were written then. */
function first(active: readonly Cursor[], sign: number): Cursor | undefined {
  let best: Cursor | undefined;
  for (const cursor of active)
    if (best === undefined || sign * (timeOf(cursor) - timeOf(best)) < 0) best = cursor;
  return best;
}

async function begin(
  reader: TrailReader,
  segment: SegmentRef,
  plan: Plan,
  sign: number,
): Promise<Cursor | undefined> {
  return reader.withIndex(segment, async (index) => {
    const records = await matching(index, plan);
    if (records.length === 0) return undefined;
    const [times, frames] = [copied(await index.times()), await index.frames()];
    records.sort((a, b) => sign * ((times[a] ?? 0) - (times[b] ?? 0)));
    return {
      segment,
      frames: { ...frames, offsets: copied(frames.offsets), firsts: copied(frames.firsts) },
      records,
      times,
      at: 0,
    };
  });
}

/** An index that is being built goes on meanwhile. */
const copied = (values: Integers): Integers => values.slice();
