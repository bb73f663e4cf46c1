/**
 * Retention: removes whole segments that are older than a time, the oldest of each stream first, and signs what was
 * removed. What stays for ever: all checkpoints, and for each stream how far it was pruned and the hash up to there, so
 * that `verify` still proves the rest, and a copy kept elsewhere can be proved against the signed roots.
 */
import { setImmediate as turn } from "node:timers/promises";
import { bytesOfHex, hexOf } from "../store/key-order.ts";
import type { TrailFiles } from "./files.ts";
import { NO_HASH } from "./format.ts";
import { type Ledger, StreamMoved, type StreamState } from "./ledger.ts";
import type { SegmentRef, TrailReader } from "./reader.ts";
import type { TrailPlace } from "./reindex.ts";
import { TreeBuilder } from "./tree.ts";
import { headerOf, type Position, walkStream } from "./walk.ts";

export interface Pruning {
  readonly stream: string;
  readonly segments: number;
  readonly records: number;
  readonly firstSeq: number;
  readonly nextSeq: number;
  /** Times of the oldest and the newest record. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Root over the hashes of its records. */
  readonly root: string;
}

export interface PruneInput extends TrailPlace {
  readonly ledger: Ledger;
  readonly reader: TrailReader;
  /** Segments whose every record is older. */
  readonly beforeMs: number;
  readonly nowMs: number;
  /** Before anything of a stream is removed: it stands in the trail by then. */
  readonly record: (pruning: Pruning) => Promise<void>;
  readonly dryRun?: boolean;
}

export interface Pruned {
  readonly prunings: readonly Pruning[];
  /** Streams left alone because what is old in them is damaged: first `verify`. */
  readonly damaged: readonly string[];
}

export async function pruneTrail(input: PruneInput): Promise<Pruned> {
  const { ledger, reader, files } = input;
  const prunings: Pruning[] = [];
  const damaged: string[] = [];
  const streams = await ledger.streams();
  if (input.dryRun !== true)
    for (const [stream, state] of streams) await removeLeftovers(files, stream, state);
  const all = await reader.segments(0, Number.MAX_SAFE_INTEGER);
  const byStream = Map.groupBy(all, ({ stream }) => stream);
  for (const [stream, state] of streams) {
    const segments = (byStream.get(stream) ?? []).toSorted((a, b) => a.number - b.number);
    const old = oldOnes(segments, state, input.beforeMs);
    if (old.length === 0) continue;
    const kept = segments[old.length];
    const next = kept === undefined ? state.nextSeq : (await headerOf(files, stream, kept.number))?.firstSeq;
    const measured = await measure(input, stream, state.pruned, old);
    if (measured === undefined || measured.pruning.nextSeq !== next) {
      const elsewhere = await ledger.prunedSince(stream, state.pruned?.seq ?? 0);
      if (elsewhere === undefined) damaged.push(stream);
      continue;
    }
    const { pruning, head } = measured;
    if (input.dryRun !== true && !(await signed(input, pruning, head))) continue;
    prunings.push(pruning);
    if (input.dryRun === true) continue;
    for (const { number } of old) await files.remove(stream, number);
    if (state.closed) await files.removeEmpty(stream);
  }
  return { prunings, damaged };
}

/** False if another has pruned the stream since it was measured. */
async function signed(
  { ledger, nowMs, record }: PruneInput,
  pruning: Pruning,
  head: Uint8Array,
): Promise<boolean> {
  const { stream, firstSeq, nextSeq } = pruning;
  await record(pruning);
  const [streamId, root] = [bytesOfHex(stream), bytesOfHex(pruning.root)];
  try {
    await ledger.append({ kind: "pruned", streamId, firstSeq, nextSeq, head, root }, nowMs);
    return true;
  } catch (error) {
    if (error instanceof StreamMoved) return false;
    throw error;
  }
}

/** The oldest of segments in order, up to the first that has a record of the time to keep; never the one that may be growing. */
function oldOnes(
  segments: readonly SegmentRef[],
  state: StreamState,
  beforeMs: number,
): readonly SegmentRef[] {
  const ended = state.closed ? segments : segments.slice(0, -1);
  const kept = ended.findIndex(({ lastMs }) => lastMs >= beforeMs);
  return kept < 0 ? ended : ended.slice(0, kept);
}

/** Undefined if the records are not as they were written: evidence of that is not removed. */
async function measure(
  { files, seedOf }: PruneInput,
  stream: string,
  from: Position | undefined,
  old: readonly SegmentRef[],
): Promise<{ readonly pruning: Pruning; readonly head: Uint8Array } | undefined> {
  const wanted = old.reduce((sum, { records }) => sum + records, 0);
  const firstSeq = from?.seq ?? 0;
  const tree = new TreeBuilder();
  let head = from?.head ?? NO_HASH;
  for await (const step of walkStream(files, stream, seedOf, from)) {
    if (step.kind === "problem") return undefined;
    if (step.kind !== "record") continue;
    tree.add(step.hash);
    head = step.hash;
    if (tree.count % 1000 === 0) await turn();
    if (tree.count === wanted) break;
  }
  if (tree.count !== wanted) return undefined;
  const pruning = {
    stream,
    segments: old.length,
    records: wanted,
    firstSeq,
    nextSeq: firstSeq + wanted,
    firstMs: Math.min(...old.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...old.map(({ lastMs }) => lastMs)),
    root: hexOf(tree.root()),
  };
  return { pruning, head };
}

/** Files of what was pruned before, left by a process that died in between. */
async function removeLeftovers(
  files: TrailFiles,
  stream: string,
  { pruned, closed }: StreamState,
): Promise<void> {
  if (pruned === undefined) return;
  for (const number of await files.segments(stream)) {
    const header = await headerOf(files, stream, number);
    if (header === undefined || header.firstSeq >= pruned.seq) break;
    await files.remove(stream, number);
  }
  if (closed) await files.removeEmpty(stream);
}
