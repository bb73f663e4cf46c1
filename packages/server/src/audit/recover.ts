/**
 * Ends streams whose process died: what it left is walked, and a checkpoint signs it as it was found, so that nothing can
 * be cut off or added later. Records that were torn by the death belong to no answer that anybody got.
 */
import { TRAIL_STREAM_SILENT_MS } from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import { bytesOfHex } from "../store/key-order.ts";
import type { TrailFiles } from "./files.ts";
import { NO_HASH } from "./format.ts";
import { type Ledger, StreamEnded } from "./ledger.ts";
import type { SeedOf } from "./segment-reader.ts";
import { makeMissingIndexes } from "./reindex.ts";
import { TreeBuilder } from "./tree.ts";
import { walkStream } from "./walk.ts";

/**
 * How long each stream has given no sign of life, by the watch of whoever looks: the system's clock may jump, and a jump
 * forward must not end the streams of processes that live.
 */
export class StreamWatch {
  readonly #seen = new Map<string, { readonly aliveMs: number; readonly sinceMs: number }>();

  /** `watchMs`: of a watch that never jumps. */
  silentFor(stream: string, aliveMs: number, watchMs: number): number {
    const seen = this.#seen.get(stream);
    if (seen?.aliveMs === aliveMs) return watchMs - seen.sinceMs;
    this.#seen.set(stream, { aliveMs, sinceMs: watchMs });
    return 0;
  }

  forget(stream: string): void {
    this.#seen.delete(stream);
  }
}

/** Returns how many were ended. A damaged stream stays open: `verify` names the damage. */
export async function recoverStreams(
  parts: {
    readonly files: TrailFiles;
    readonly ledger: Ledger;
    readonly seedOf: SeedOf;
    readonly log: Log;
    readonly watch: StreamWatch;
  },
  nowMs: number,
  watchMs: number,
): Promise<number> {
  const { files, ledger, seedOf, log, watch } = parts;
  let ended = 0;
  for (const [stream, state] of await ledger.streams()) {
    if (state.closed) {
      watch.forget(stream);
      continue;
    }
    if (watch.silentFor(stream, state.aliveMs, watchMs) < TRAIL_STREAM_SILENT_MS) continue;
    const { pruned } = state;
    let head = pruned?.head ?? NO_HASH;
    let nextSeq = pruned?.seq ?? 0;
    const tree = new TreeBuilder();
    let damaged = false;
    for await (const step of walkStream(files, stream, seedOf, pruned)) {
      if (step.kind === "problem") {
        damaged = true;
        log.error("the audit trail is damaged; run strongroom audit verify", { ...step.problem });
      }
      if (step.kind !== "record") continue;
      head = step.hash;
      nextSeq = step.record.seq + 1;
      if (step.record.seq >= state.nextSeq) tree.add(step.hash);
    }
    if (damaged || nextSeq < state.nextSeq) continue;
    try {
      await ledger.append(
        { kind: "recovered", streamId: bytesOfHex(stream), nextSeq, head, root: tree.root() },
        nowMs,
      );
      ended++;
      await makeMissingIndexes(parts, stream);
    } catch (error) {
      // Another process was faster.
      if (!(error instanceof StreamEnded)) throw error;
    }
  }
  return ended;
}
