/**
 * Walks one stream and tells the first thing that is wrong with it, by kind. An attacker who does not hold the audit key
 * can only cut, move, repeat or overwrite bytes; one who does is betrayed by the chain and the signed checkpoints.
 */
import { hexOf, equalBytes } from "../store/key-order.ts";
import type { TrailFiles } from "./files.ts";
import {
  type CheckpointName,
  decodeSegmentHeader,
  NO_HASH,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  type StoredRecord,
} from "./format.ts";
import { type FramePlace, Segment, type SeedOf } from "./segment-reader.ts";

export type Damage =
  | "edited"
  | "removed"
  | "reordered"
  | "inserted"
  | "truncated"
  | "replayed"
  | "bad signature"
  | "unknown key";

export interface Problem {
  readonly kind: Damage;
  readonly stream: string;
  /** The first record that is not as it was written. */
  readonly seq: number;
  readonly segment?: number;
  readonly detail: string;
}

export type Step =
  | { readonly kind: "record"; readonly record: StoredRecord; readonly hash: Uint8Array }
  /** What the writer of the records that follow knew to be the newest checkpoint. */
  | { readonly kind: "knows"; readonly checkpoint: CheckpointName; readonly seq: number }
  | { readonly kind: "problem"; readonly problem: Problem }
  /**
   * Bytes of a frame that was never finished: its process died while it wrote, or writes it now, and nobody was told of its
   * records. `otherwise`: what it is where the stream's records were signed as a whole.
   */
  | { readonly kind: "torn"; readonly bytes: number; readonly otherwise?: Problem };

export interface Position {
  readonly seq: number;
  /** Hash of the record before. */
  readonly head: Uint8Array;
}
interface Walker {
  seq: number;
  head: Uint8Array;
}
const BEGINNING: Position = { seq: 0, head: NO_HASH };

/** Ends at the first problem. `from`: where the records begin that were not pruned. */
export async function* walkStream(
  files: TrailFiles,
  stream: string,
  seedOf: SeedOf,
  from: Position = BEGINNING,
): AsyncGenerator<Step> {
  const at: Walker = { ...from };
  const numbers = await numbersFrom(files, stream, from);
  const [first = 0] = numbers;
  for (const [i, number] of numbers.entries()) {
    const problem = (kind: Damage, detail: string): Step => ({
      kind: "problem",
      problem: { kind, stream, seq: at.seq, segment: number, detail },
    });
    if (number !== first + i || (from.seq === 0 && first !== 0)) {
      yield problem("removed", `segment ${from.seq === 0 ? i : first + i} is missing`);
      return;
    }
    const segment = await readSegment(files, stream, number, seedOf);
    if (segment === undefined) {
      // Pruned since it was listed, perhaps: the caller looks whether it was.
      yield problem("removed", "the segment vanished while the stream was read");
      return;
    }
    const last = i === numbers.length - 1;
    if (segment === "no header") {
      // Nothing of a segment is acknowledged before its header is durable.
      if (last) {
        yield { kind: "torn", bytes: 0 };
        return;
      }
      {
        yield problem("edited", "the segment's header is none");
        return;
      }
    }
    if (segment === "unknown key") {
      yield problem("unknown key", "the segment's key is not in the keyring");
      return;
    }
    using open = segment;
    const { header } = open;
    if (hexOf(header.streamId) !== stream || header.number !== number) {
      yield problem("inserted", "the segment belongs elsewhere");
      return;
    }
    if (header.firstSeq > at.seq) {
      yield problem("removed", `records up to ${header.firstSeq - 1} are missing`);
      return;
    }
    if (header.firstSeq < at.seq || !equalBytes(header.head, at.head)) {
      yield problem("edited", "the segment does not follow the one before");
      return;
    }
    yield { kind: "knows", checkpoint: header.checkpoint, seq: at.seq };
    for (const step of walkSegment(open, at, stream, last)) {
      yield step;
      if (step.kind === "problem") return;
    }
  }
}

/** Undefined if the file is gone. */
async function readSegment(
  ...of: Parameters<typeof Segment.read>
): Promise<Awaited<ReturnType<typeof Segment.read>> | undefined> {
  try {
    return await Segment.read(...of);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Without the segments that were pruned, and whose files could not be removed or will be in a moment. */
async function numbersFrom(files: TrailFiles, stream: string, from: Position): Promise<readonly number[]> {
  const numbers = await files.segments(stream);
  if (from.seq === 0) return numbers;
  for (const [i, number] of numbers.entries()) {
    // What has no header is a problem, unless a later one begins where it should.
    const header = await headerOf(files, stream, number);
    if (header !== undefined && header.firstSeq >= from.seq) return numbers.slice(i);
  }
  return [];
}

/** Not yet authenticated. */
export async function headerOf(
  files: TrailFiles,
  stream: string,
  number: number,
): Promise<SegmentHeader | undefined> {
  const bytes = await files.header(stream, number);
  return bytes === undefined ? undefined : decodeSegmentHeader(bytes);
}

/** Where the segment begins that holds a record, or will: nothing before it need be read. */
export async function positionBefore(
  files: TrailFiles,
  stream: string,
  seq: number,
  pruned: Position | undefined,
): Promise<Position | undefined> {
  let found = pruned;
  for (const number of await files.segments(stream)) {
    const header = await headerOf(files, stream, number);
    if (header === undefined || header.firstSeq > seq) break;
    if (header.firstSeq > (found?.seq ?? 0)) found = { seq: header.firstSeq, head: header.head };
  }
  return found;
}

function* walkSegment(segment: Segment, at: Walker, stream: string, last: boolean): Generator<Step> {
  const problem = (kind: Damage, detail: string): Step & { readonly kind: "problem" } => ({
    kind: "problem",
    problem: { kind, stream, seq: at.seq, segment: segment.header.number, detail },
  });
  let offset = SEGMENT_HEADER_BYTES;
  // Behind the frames may be room for more. Frames that were made zeros are missed as those are that were cut off.
  for (let index = 0; offset < segment.end; index++) {
    const frame = segment.frameAt(offset);
    if (frame === undefined) {
      if (segment.findFrame(offset + 1) !== undefined) {
        yield problem("edited", "bytes that are no frame stand before the next one");
        return;
      }
      if (last) {
        yield { kind: "torn", bytes: segment.end - offset };
        return;
      }
      {
        yield problem("truncated", "a frame ends before its end");
        return;
      }
    }
    const body = segment.open(frame);
    if (body === undefined) {
      const found = problem(...unopened(segment, frame, at.seq));
      const torn = last && segment.isLast(frame);
      yield torn ? { kind: "torn", bytes: segment.end - offset, otherwise: found.problem } : found;
      return;
    }
    if (frame.head.index !== index) {
      yield problem(...misplaced(segment, frame, at.seq));
      return;
    }
    yield { kind: "knows", checkpoint: body.checkpoint, seq: at.seq };
    for (const record of body.records) {
      if (record.seq > at.seq) {
        yield problem("removed", `records up to ${record.seq - 1} are missing`);
        return;
      }
      if (record.seq < at.seq) {
        yield problem("inserted", `record ${record.seq} stands here again`);
        return;
      }
      if (!equalBytes(record.before, at.head)) {
        yield problem("edited", "the record does not follow the one before");
        return;
      }
      const hash = record.hash();
      at.head = hash;
      yield { kind: "record", record, hash };
      at.seq++;
    }
    if (!equalBytes(body.head, at.head)) {
      yield problem("edited", "the frame's records were changed");
      return;
    }
    offset += frame.bytes;
  }
}

/** A frame that does not open: were bytes changed, or does what is expected here stand right behind foreign bytes? */
function unopened(segment: Segment, frame: FramePlace, seq: number): [Damage, string] {
  const next = segment.frameAt(frame.offset + frame.bytes);
  if (next !== undefined && next.head.firstSeq === seq && segment.open(next) !== undefined)
    return ["inserted", "bytes that this store never wrote stand before the record"];
  return ["edited", "the frame does not open"];
}

/** A frame of this segment, whole, in another's place. */
function misplaced(segment: Segment, frame: FramePlace, seq: number): [Damage, string] {
  const { firstSeq, count } = frame.head;
  if (firstSeq < seq) return ["inserted", `records ${firstSeq} to ${firstSeq + count - 1} stand here again`];
  for (const later of segment.frames(frame.offset + frame.bytes)) {
    if (later.head.firstSeq === seq && segment.open(later) !== undefined)
      return ["reordered", `the record stands behind record ${firstSeq + count - 1}`];
  }
  return ["removed", `records up to ${firstSeq - 1} are missing`];
}
