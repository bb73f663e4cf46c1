/**
 * The trail of one process: takes records from requests, writes them in frames, and says when one is durable. All of a
 * process's records stand in one stream with its own chain; checkpoints join the streams (ADR audit-streams).
 *
 * One frame is being written at a time; what arrives meanwhile goes into the next one, so that one sync serves many.
 * INVARIANT: records reach the file in the order in which they were appended.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { randomBytes } from "@strongroom/crypto";
import type { Clock } from "../base/clock.ts";
import { Company } from "../base/company.ts";
import { ServiceError } from "../base/errors.ts";
import {
  GROUP_PATIENCE_MS,
  TRAIL_CHECKPOINT_AGE_MS,
  TRAIL_FRAME_BYTES_MAX,
  TRAIL_GATHER_MS,
  TRAIL_QUEUE_CHARS_MAX,
  TRAIL_RETRY_MS,
} from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import { type CheckpointedStream, Checkpoints } from "./checkpoints.ts";
import type { TrailFiles } from "./files.ts";
import { NO_HASH } from "./format.ts";
import { hexOf } from "../store/key-order.ts";
import { type Ledger, StreamEnded } from "./ledger.ts";
import { SegmentWriter, type StreamName } from "./segment-writer.ts";
import { Waiters } from "./waiters.ts";
import { type TrailRecord, WaitingFrame } from "./waiting-frame.ts";

export type { TrailRecord };

export interface TrailParts {
  readonly files: TrailFiles;
  readonly ledger: Ledger;
  readonly key: Omit<StreamName, "streamId">;
  readonly clock: Clock;
  readonly log: Log;
  /** The stream was ended by another process: this one must not write any more. */
  readonly onFatal: (cause: Error) => void;
  /** Milliseconds of a watch that never jumps. */
  readonly watch?: () => number;
}

/** What a request is answered whose record cannot be written (503; the key service has its own word for it). */
export const trailUnavailable = (cause?: unknown): ServiceError =>
  new ServiceError("ServiceUnavailable", {
    message: "The audit trail cannot be written; nothing that must be recorded is done until it can be.",
    headers: { "Retry-After": "5" },
    cause,
  });

const CLOSE_WAIT_MS = 10_000;
const SPACE_CHECK_MS = 1000;
const HEARTBEAT_MS = TRAIL_CHECKPOINT_AGE_MS;

/** A stream that this process writes. */
interface Stream extends CheckpointedStream {
  nextSeq: number;
  head: Uint8Array;
  segments: number;
}

export class Trail {
  readonly #parts: TrailParts;
  /** Frames to be, in order; records join the last one. */
  readonly #waiting: WaitingFrame[] = [];
  #spare: WaitingFrame | undefined;
  #queuedChars = 0;
  /** Records appended, and records durable, since the process began. */
  #appended = 0;
  #durable = 0;
  readonly #waiters = new Waiters();
  readonly #company = new Company(GROUP_PATIENCE_MS);
  /** Appends the records that were put off. */
  #later: (() => void) | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #pumping: Promise<void> | undefined;
  #failure: Error | undefined;
  #giveUp = false;
  #stream: Stream | undefined;
  #segment: SegmentWriter | undefined;
  #spaceCheckedMs = 0;
  readonly #checkpoints: Checkpoints;
  #indexing: Promise<void> = Promise.resolve();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(parts: TrailParts) {
    this.#parts = parts;
    this.#checkpoints = new Checkpoints(parts);
    this.#heartbeat = setInterval(() => {
      void this.#checkpoints.beat(this.#stream, this.#pumping !== undefined);
    }, HEARTBEAT_MS).unref();
  }

  /** Throws ServiceUnavailable while the trail cannot be written: asked before anything is done. */
  assertWritable(): void {
    if (this.#failure !== undefined) throw trailUnavailable(this.#failure);
  }

  get writable(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Whether a record is taken that nobody waits for. What is refused while the trail cannot be written waits in memory for
   * it to go on, up to TRAIL_QUEUE_CHARS_MAX; beyond, refusals leave no record.
   */
  get hasRoom(): boolean {
    return this.#failure === undefined || this.#queuedChars <= TRAIL_QUEUE_CHARS_MAX;
  }

  /** Takes a record over; returns the ticket to wait with. Written within TRAIL_GATHER_MS even if nobody waits. */
  append(record: TrailRecord): number {
    this.takeLater();
    const last = this.#waiting.at(-1);
    const frame = last === undefined || last.body.size > TRAIL_FRAME_BYTES_MAX ? this.#newFrame() : last;
    frame.add(record);
    this.#queuedChars += record.text.length;
    if (this.#pumping === undefined) this.#pumpSoon();
    return ++this.#appended;
  }

  /** Whether records may be put off: what waits for the disk holds up nobody. */
  get takesLater(): boolean {
    return this.#failure === undefined && this.#queuedChars <= TRAIL_QUEUE_CHARS_MAX;
  }

  /**
   * `append` is called once, before the next record is taken, before a frame is sealed and within TRAIL_GATHER_MS, to append
   * what its caller has put off: records that are put together one after the other cost less than each does between two
   * requests.
   */
  later(append: () => void): void {
    this.takeLater();
    this.#later = append;
    if (this.#pumping === undefined) this.#pumpSoon();
  }

  /** Appends what was put off. */
  takeLater(): void {
    const append = this.#later;
    if (append === undefined) return;
    this.#later = undefined;
    try {
      append();
    } catch (error) {
      // Nobody is told that a record stands which could not even be put together.
      this.#parts.log.error("a record of the audit trail could not be put together", { error });
      this.#waiters.reject(trailUnavailable(error));
    }
    this.#waiters.appendedLater(this.#appended);
  }

  /** Nobody waits: what comes within a moment shares a frame. */
  #pumpSoon(): void {
    // A frame is full, or more than one: gathering further would only make the queue longer.
    if (this.#pressing) this.#pump();
    else this.#gathering ??= setTimeout(() => this.#pump(), TRAIL_GATHER_MS);
  }

  /** What waits should be written now: somebody waits for it, or it fills a frame. */
  get #pressing(): boolean {
    const [first] = this.#waiting;
    return this.#waiters.any || (first !== undefined && first.body.size > TRAIL_FRAME_BYTES_MAX);
  }

  #newFrame(): WaitingFrame {
    const frame = this.#spare ?? new WaitingFrame();
    this.#spare = undefined;
    this.#waiting.push(frame);
    return frame;
  }

  /** Undefined unless so much waits for the disk that the requests should, too. */
  backpressure(ticket: number): Promise<void> | undefined {
    return this.#queuedChars > TRAIL_QUEUE_CHARS_MAX ? this.durable(ticket) : undefined;
  }

  /** Resolves when the record and all before it survive a power cut. Rejects when the trail cannot be written now. */
  durable(ticket: number): Promise<void> {
    if (ticket <= this.#durable) return Promise.resolve();
    if (this.#failure !== undefined) return Promise.reject(trailUnavailable(this.#failure));
    const heard = this.#waiters.join(ticket);
    if (this.#pumping === undefined) this.#pump();
    return heard;
  }

  /** As `durable`, for all that has been put off: it is appended when others have joined. */
  durableLater(): Promise<void> {
    if (this.#later === undefined || this.#failure !== undefined) return this.durable(this.#appended);
    const heard = this.#waiters.joinLater();
    if (this.#pumping === undefined) this.#pump();
    return heard;
  }

  /** Everything appended so far is durable when it resolves. */
  flush(): Promise<void> {
    this.takeLater();
    return this.durable(this.#appended);
  }

  /** Signs what stands, so that nobody can cut it off unseen. */
  async checkpoint(): Promise<void> {
    this.#checkpoints.wanted = true;
    await this.flush();
    await this.#pumping;
    if (this.#checkpoints.wanted) this.#checkpoints.perhaps(this.#stream);
    await this.#checkpoints.settled;
  }

  /** Writes what is left and ends the stream. Gives up after a while if the disk takes nothing. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    const giveUp = setTimeout(() => {
      this.#giveUp = true;
    }, CLOSE_WAIT_MS).unref();
    // Requests that end late may put records off meanwhile.
    while ((this.#later !== undefined || this.#durable < this.#appended) && !this.#giveUp) {
      await this.flush().catch(() => sleep(TRAIL_RETRY_MS));
    }
    clearTimeout(giveUp);
    this.#giveUp = true;
    await this.#pumping;
    await this.#checkpoints.settled;
    if (this.#stream === undefined) return;
    await this.#endSegment();
    await this.#indexing;
    // What could not be written is lost with the process, and nobody was told that it was done.
    if (this.#durable === this.#appended) await this.#checkpoints.commit("close", this.#stream);
  }

  #pump(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (this.#pumping !== undefined) return;
    this.#pumping = this.#run().finally(() => {
      this.#pumping = undefined;
      if (this.#hasWork && !this.#giveUp) this.#pumpSoon();
    });
  }

  get #hasWork(): boolean {
    return this.#waiting.length > 0 || this.#later !== undefined;
  }

  /** The frame that waits, and what presses behind it. */
  async #run(): Promise<void> {
    for (let first = true; this.#hasWork && !this.#giveUp; first = false) {
      if (!first && !this.#pressing) return;
      const segment = await this.#insist(() => this.#ready());
      if (segment === undefined) return;
      if (!(await this.#stillOurs())) return;
      await this.#company.gather(() => this.#waiters.joining);
      this.takeLater();
      // What was put off could not be put together, and there was nothing else.
      if (this.#waiting.length === 0) continue;
      const { frame, count } = this.#sealNext(segment);
      const written = await this.#insist(async () => {
        await this.#requireSpace();
        await segment.write(frame);
        return true;
      });
      if (written === undefined) return;
      this.#recovered();
      this.#durable += count;
      this.#waiters.wake(this.#durable);
      if (segment.full) {
        await this.#endSegment();
        // Signed as a whole, so that it can go as a whole.
        this.#checkpoints.wanted = true;
      }
      this.#checkpoints.perhaps(this.#stream);
    }
  }

  /** Tries until it works; those who wait hear of each failure. Undefined when the process ends. */
  async #insist<T>(attempt: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        this.#failed(error);
        if (this.#giveUp) return undefined;
        await sleep(TRAIL_RETRY_MS);
      }
    }
  }

  async #ready(): Promise<SegmentWriter> {
    if (this.#segment !== undefined) return this.#segment;
    const { files, key, clock } = this.#parts;
    if (this.#stream === undefined) {
      const id = randomBytes(16);
      const stream: Stream = { id, nextSeq: 0, head: NO_HASH, segments: 0 };
      // Before its first record: a stream that nobody knows of could vanish.
      await this.#checkpoints.open(stream);
      this.#stream = stream;
    }
    const stream = this.#stream;
    this.#segment = await SegmentWriter.create(
      files,
      { ...key, streamId: stream.id },
      {
        number: stream.segments,
        firstSeq: stream.nextSeq,
        head: stream.head,
        checkpoint: this.#checkpoints.newest,
        nowMs: clock.now(),
      },
    );
    stream.segments++;
    return this.#segment;
  }

  /**
   * A process that stood still for minutes may have been taken for dead, and its stream ended: what it writes now would
   * count as inserted, so it asks first.
   */
  async #stillOurs(): Promise<boolean> {
    const stream = this.#stream;
    if (stream === undefined || this.#checkpoints.heardOf) return true;
    const asked = await this.#insist(async () => {
      try {
        await this.#checkpoints.signLife(stream);
        return "ours" as const;
      } catch (error) {
        if (error instanceof StreamEnded) return error;
        throw error;
      }
    });
    if (!(asked instanceof StreamEnded)) return asked !== undefined;
    this.#giveUp = true;
    this.#failed(asked);
    this.#parts.onFatal(asked);
    return false;
  }

  /** Chains and seals the first frame that waits. Its records are taken from the queue for good. */
  #sealNext(segment: SegmentWriter): { readonly frame: Uint8Array; readonly count: number } {
    const stream = this.#stream;
    const waiting = this.#waiting.shift();
    this.#waiters.sealed();
    if (stream === undefined || waiting === undefined)
      throw new Error("INVARIANT: a segment belongs to a stream, and a frame waits");
    const { body, facts } = waiting;
    const { count } = body;
    const firstSeq = stream.nextSeq;
    for (const hash of body.chain(firstSeq, stream.head)) {
      stream.head = hash;
      this.#checkpoints.add(hash);
    }
    stream.nextSeq += count;
    this.#queuedChars -= waiting.chars;
    const bytes = body.end(this.#checkpoints.newest, stream.head);
    const frame = segment.seal({ body: bytes, firstSeq, count, facts });
    waiting.clear();
    this.#spare = waiting;
    return { frame, count };
  }

  async #endSegment(): Promise<void> {
    const segment = this.#segment;
    const stream = this.#stream;
    if (segment === undefined || stream === undefined) return;
    this.#segment = undefined;
    const { files, key, log } = this.#parts;
    const number = stream.segments - 1;
    await segment
      .close()
      .catch((error: unknown) => log.warn("a file of the audit trail was not closed", { error }));
    // Beside the next segment's first frames: nobody waits for an index.
    this.#indexing = this.#indexing
      .then(() => segment.sealedIndex(key.seed))
      .then((index) => files.writeIndex(hexOf(stream.id), number, index))
      .catch((error: unknown) => {
        log.warn("an index of the audit trail could not be written; it is made when it is needed", { error });
      });
  }

  async #requireSpace(): Promise<void> {
    const nowMs = this.#parts.clock.now();
    // The clock may jump: back, too.
    const sinceMs = Math.abs(nowMs - this.#spaceCheckedMs);
    if (this.#failure === undefined && sinceMs < SPACE_CHECK_MS) return;
    this.#spaceCheckedMs = nowMs;
    await this.#parts.files.requireSpace();
  }

  #failed(cause: unknown): void {
    if (this.#failure === undefined) {
      this.#parts.log.error(
        "the audit trail cannot be written; requests that need it are refused until it can be",
        {
          error: cause,
        },
      );
    }
    this.#failure = cause instanceof Error ? cause : new Error("the audit trail cannot be written");
    // Their records stay in the queue and are written when it goes on: what happened, happened.
    this.#waiters.reject(trailUnavailable(cause));
  }

  #recovered(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#parts.log.info("the audit trail is written again");
  }
}
