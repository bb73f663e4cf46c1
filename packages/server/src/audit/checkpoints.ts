/**
 * Signs a process's stream from time to time, and tells the others that it lives. Frames go on while a checkpoint is being
 * committed; their leaves wait for the next one.
 */
import type { Clock } from "../base/clock.ts";
import {
  TRAIL_CHECKPOINT_AGE_MS,
  TRAIL_CHECKPOINT_INTERVAL_MS,
  TRAIL_CHECKPOINT_RECORDS,
  TRAIL_STREAM_SILENT_MS,
} from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import { type CheckpointName, NO_HASH } from "./format.ts";
import { type Ledger, StreamEnded } from "./ledger.ts";
import { TreeBuilder } from "./tree.ts";

/** As it stands now: what is signed must be durable already. */
export interface CheckpointedStream {
  readonly id: Uint8Array;
  readonly nextSeq: number;
  readonly head: Uint8Array;
}

interface Parts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  /** The stream was ended by another process. */
  readonly onFatal: (cause: Error) => void;
  readonly watch?: () => number;
}

export class Checkpoints {
  readonly #parts: Parts;
  readonly #watch: () => number;
  #tree = new TreeBuilder();
  /** Leaves that came while a checkpoint was being committed. */
  #late: Uint8Array[] | undefined;
  #signedMs: number;
  /** When the others last heard of this stream, by the watch. */
  #heardMs = 0;
  /** The next occasion is taken, whether or not one is due. */
  wanted = false;
  /** The newest that this process knows. */
  newest: CheckpointName = { n: 0, hash: NO_HASH };
  settled: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#watch = parts.watch ?? (() => performance.now());
    this.#signedMs = parts.clock.now();
  }

  /** Whether no other process can have taken this one for dead. */
  get heardOf(): boolean {
    return this.#watch() - this.#heardMs < TRAIL_STREAM_SILENT_MS / 2;
  }

  add(leaf: Uint8Array): void {
    if (this.#late === undefined) this.#tree.add(leaf);
    else this.#late.push(leaf);
  }

  async open({ id: streamId }: CheckpointedStream): Promise<void> {
    const { ledger, clock } = this.#parts;
    const watchMs = this.#watch();
    const draft = { kind: "open", streamId, nextSeq: 0, head: NO_HASH, root: NO_HASH } as const;
    this.newest = await ledger.append(draft, clock.now());
    this.#heardMs = watchMs;
  }

  /** Only between frames. */
  perhaps(stream: CheckpointedStream | undefined): void {
    // The clock may jump: back, too.
    const sinceMs = Math.abs(this.#parts.clock.now() - this.#signedMs);
    const due =
      this.wanted ||
      sinceMs >= TRAIL_CHECKPOINT_AGE_MS ||
      (this.#tree.count >= TRAIL_CHECKPOINT_RECORDS && sinceMs >= TRAIL_CHECKPOINT_INTERVAL_MS);
    if (due && this.#late === undefined) this.settled = this.commit("mark", stream);
  }

  async commit(kind: "mark" | "close", stream: CheckpointedStream | undefined): Promise<void> {
    const { ledger, clock, log, onFatal } = this.#parts;
    this.wanted = false;
    if (stream === undefined || (kind === "mark" && this.#tree.count === 0)) return;
    const { id: streamId, nextSeq, head } = stream;
    const root = this.#tree.root();
    const late: Uint8Array[] = [];
    this.#late = late;
    this.#signedMs = clock.now();
    const watchMs = this.#watch();
    try {
      this.newest = await ledger.append({ kind, streamId, nextSeq, head, root }, clock.now());
      this.#heardMs = watchMs;
      this.#tree = new TreeBuilder();
    } catch (error) {
      log.error("an audit checkpoint could not be written", { error });
      // Another process took this one for dead: it slept for minutes. What it writes now would count as inserted.
      if (error instanceof StreamEnded) onFatal(error);
    } finally {
      for (const leaf of late) this.#tree.add(leaf);
      this.#late = undefined;
    }
  }

  /** Throws StreamEnded. */
  async signLife({ id }: CheckpointedStream): Promise<void> {
    const { ledger, clock } = this.#parts;
    const watchMs = this.#watch();
    await ledger.alive(id, clock.now());
    this.#heardMs = watchMs;
  }

  /** Every minute. `busy`: frames are being written, and a checkpoint comes between them. */
  async beat(stream: CheckpointedStream | undefined, busy: boolean): Promise<void> {
    if (stream === undefined) return;
    if (this.#tree.count > 0) {
      this.wanted = true;
      if (!busy) this.perhaps(stream);
      return;
    }
    const { log, onFatal } = this.#parts;
    try {
      await this.signLife(stream);
    } catch (error) {
      log.warn("the audit stream's sign of life could not be written", { error });
      if (error instanceof StreamEnded) onFatal(error);
    }
  }
}
