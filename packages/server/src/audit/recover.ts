/**
 * Ends streams whose process died: what it left is walked, and a checkpoint signs it as it was found, so that nothing can
 * be cut off or added later. Records that were torn by the death belong to no answer that anybody got.
 */
import { setImmediate as turn } from "node:timers/promises";
import { TRAIL_STREAM_SILENT_MS } from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import { bytesOfHex, equalBytes } from "../store/key-order.ts";
import type { TrailFiles } from "./files.ts";
import { NO_HASH } from "./format.ts";
import { type Ledger, StreamEnded, StreamMoved, type StreamState } from "./ledger.ts";
import type { SeedOf } from "./segment-reader.ts";
import { makeMissingIndexes } from "./reindex.ts";
import { TreeBuilder } from "./tree.ts";
import { positionBefore, walkStream } from "./walk.ts";

const PUT_OFF_MS = 120_000;
const PUT_OFF_MS_MAX = 86_400_000;
/** Records that are walked in one turn of the event loop: requests wait meanwhile. */
const RECORDS_A_TURN = 500;

/**
 * How long each stream has given no sign of life, by the watch of whoever looks: the system's clock may jump, and a jump
 * forward must not end the streams of processes that live.
 */
export class StreamWatch {
  readonly #seen = new Map<string, { readonly aliveMs: number; readonly sinceMs: number }>();
  readonly #putOff = new Map<string, { readonly untilMs: number; readonly forMs: number }>();

  /** `watchMs`: of a watch that never jumps. */
  silentFor(stream: string, aliveMs: number, watchMs: number): number {
    const seen = this.#seen.get(stream);
    if (seen?.aliveMs === aliveMs) return watchMs - seen.sinceMs;
    this.#seen.set(stream, { aliveMs, sinceMs: watchMs });
    return 0;
  }

  /** Damage seldom goes away: each look is twice as long after the one before, up to a day. */
  putOff(stream: string, watchMs: number): void {
    const before = this.#putOff.get(stream)?.forMs ?? PUT_OFF_MS / 2;
    const forMs = Math.min(2 * before, PUT_OFF_MS_MAX);
    this.#putOff.set(stream, { untilMs: watchMs + forMs, forMs });
  }

  isPutOff(stream: string, watchMs: number): boolean {
    return watchMs < (this.#putOff.get(stream)?.untilMs ?? watchMs);
  }

  forget(stream: string): void {
    this.#seen.delete(stream);
    this.#putOff.delete(stream);
  }
}

interface RecoverParts {
  readonly files: TrailFiles;
  readonly ledger: Ledger;
  readonly seedOf: SeedOf;
  readonly log: Log;
  readonly watch: StreamWatch;
}

/** Returns how many were ended. One that is damaged where nothing was signed yet stays open: `verify` names the damage. */
export async function recoverStreams(parts: RecoverParts, nowMs: number, watchMs: number): Promise<number> {
  const { ledger, watch } = parts;
  let ended = 0;
  for (const [stream, state] of await ledger.streams()) {
    if (state.closed) {
      watch.forget(stream);
      continue;
    }
    if (watch.silentFor(stream, state.aliveMs, watchMs) < TRAIL_STREAM_SILENT_MS) continue;
    if (watch.isPutOff(stream, watchMs)) continue;
    const end = await endOf(parts, stream, state);
    if (end === undefined) {
      watch.putOff(stream, watchMs);
      continue;
    }
    try {
      const draft = { kind: "recovered", streamId: bytesOfHex(stream), firstSeq: state.nextSeq } as const;
      await ledger.append({ ...draft, ...end }, nowMs);
      ended++;
      await makeMissingIndexes(parts, stream, end.nextSeq);
    } catch (error) {
      // Another process was faster, or the stream's own lives after all.
      if (!(error instanceof StreamEnded || error instanceof StreamMoved)) throw error;
    }
  }
  return ended;
}

interface End {
  readonly nextSeq: number;
  readonly head: Uint8Array;
  readonly root: Uint8Array;
}

/** Reads from the segment on in which the signed records end. Undefined if what is there does not continue them. */
async function endOf(
  { files, seedOf, log }: RecoverParts,
  stream: string,
  { nextSeq: signedTo, head: signedHead, pruned }: StreamState,
): Promise<End | undefined> {
  const from = await positionBefore(files, stream, signedTo, pruned);
  let head = from?.head ?? NO_HASH;
  let nextSeq = from?.seq ?? 0;
  const tree = new TreeBuilder();
  const damaged = (what: object): undefined => {
    log.error("the audit trail is damaged; run strongroom audit verify", { stream, ...what });
  };
  for await (const step of walkStream(files, stream, seedOf, from)) {
    if (step.kind === "problem") return damaged(step.problem);
    if (step.kind !== "record") continue;
    if (nextSeq === signedTo && !equalBytes(head, signedHead)) break;
    head = step.hash;
    nextSeq++;
    if (nextSeq > signedTo) tree.add(head);
    if (nextSeq % RECORDS_A_TURN === 0) await turn();
  }
  if (nextSeq < signedTo) return damaged({ seq: nextSeq, detail: `${signedTo} records were signed` });
  if (nextSeq === signedTo && !equalBytes(head, signedHead))
    return damaged({ seq: signedTo, detail: "the records are not those that were signed" });
  return { nextSeq, head, root: tree.root() };
}
