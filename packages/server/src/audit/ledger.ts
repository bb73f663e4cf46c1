/**
 * Checkpoints and the state of streams as rows of table `audit` (docs/format/audit.md section 6):
 *
 *     "h"              the newest checkpoint's number and hash
 *     "c" || u64(n)    checkpoint n, as its signed line
 *     "l" || u64(n)    counters of lists that checkpoint n commits to, where it does
 *     "s" || stream    where the stream stands, who last heard of it
 *     "k"              the RSA key of CloudTrail digests
 *
 * A checkpoint's commit expects the head and the stream's row, so any number of processes append to the one chain.
 */
import type { TrailSigner } from "@strongroom/crypto";
import { z } from "zod";
import { IntegrityError } from "../base/errors.ts";
import { COMMIT_RETRIES_MAX, TRAIL_CHECKPOINT_LISTS_MAX } from "../base/limits.ts";
import { msgpackCodec } from "../store/codec.ts";
import { BodyReader, concat, u64 } from "../store/key-bytes.ts";
import { bytesOfHex, hexOf } from "../store/key-order.ts";
import type { Expect, Put } from "../store/port.ts";
import { type Entry, type Records, unchanged } from "../store/records.ts";
import { commitSettled } from "../store/retry.ts";
import type { ListChanges, ListCounter } from "../store/list-changes.ts";
import {
  type CheckpointKind,
  checkpointHash,
  keyName,
  parseCheckpoint,
  printCheckpoint,
  signCheckpoint,
  type SignedCheckpoint,
} from "./checkpoint.ts";
import { type CheckpointName, NO_HASH } from "./format.ts";
import { countersCodec, countersHash } from "./list-counters.ts";

const TABLE = "audit";
const HEAD_KEY = new TextEncoder().encode("h");
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const checkpointKey = (n: number): Uint8Array => concat(ascii("c"), u64(n));
const countersKey = (n: number): Uint8Array => concat(ascii("l"), u64(n));
const streamKey = (id: Uint8Array): Uint8Array => concat(ascii("s"), id);

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const count = z.number().int().min(0);
const codecOf = <S extends z.ZodType>(what: string, schema: S) =>
  msgpackCodec<z.output<S>>(1, (body) => {
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw new IntegrityError(`${what} has an unknown shape`);
    return parsed.data;
  });
const headCodec = codecOf("the head of the audit trail", z.strictObject({ n: count, hash: bytes }));
const lineCodec = codecOf("an audit checkpoint", z.string());
const streamSchema = z.strictObject({
  nextSeq: count,
  head: bytes,
  closed: z.boolean(),
  aliveMs: count,
  /** The term of the audit key that the stream is sealed under. */
  term: count,
  /** Records before `seq` are removed; `head` is the hash of the last of them. */
  pruned: z.strictObject({ seq: count, head: bytes }).optional(),
});
export type StreamState = Readonly<z.output<typeof streamSchema>>;
const streamCodec = codecOf("the state of an audit stream", streamSchema);

export interface CheckpointDraft {
  readonly kind: CheckpointKind;
  readonly streamId: Uint8Array;
  /** Where `root` begins, if the draft's maker did not write the stream itself: another may have been faster. */
  readonly firstSeq?: number;
  readonly nextSeq: number;
  readonly head: Uint8Array;
  readonly root: Uint8Array;
}

/** The stream was taken for dead and ended by another process: this one begins another. */
export class StreamEnded extends Error {}
/** Another process has signed, or pruned, what the draft covers. */
export class StreamMoved extends Error {}

interface LedgerKey {
  readonly signer: TrailSigner;
  readonly term: number;
  readonly storeId: Uint8Array;
}

export class Ledger {
  readonly #records: Records;
  readonly #key: LedgerKey;
  readonly #lists: ListChanges | undefined;

  /** With `lists`, each checkpoint commits to the counters of those that have changed. */
  constructor(records: Records, key: LedgerKey, lists?: ListChanges) {
    this.#records = records;
    this.#key = key;
    this.#lists = lists;
  }

  /** Of a copy of the store. */
  over(records: Records): Ledger {
    return new Ledger(records, this.#key);
  }

  /**
   * Signs and appends. Throws StreamMoved if the draft begins elsewhere than the stream stands, StreamEnded if the stream was closed meanwhile: but records of a closed stream can be pruned.
   */
  async append(draft: CheckpointDraft, nowMs: number): Promise<CheckpointName> {
    const prunes = draft.kind === "pruned";
    const counters = (await this.#lists?.reached(TRAIL_CHECKPOINT_LISTS_MAX)) ?? [];
    for (let tries = 0; tries < COMMIT_RETRIES_MAX; tries++) {
      const head = await this.#records.get(headCodec, TABLE, HEAD_KEY);
      const stream = await this.#records.get(streamCodec, TABLE, streamKey(draft.streamId));
      if (!prunes && stream?.value.closed === true) throw new StreamEnded("the audit stream is closed");
      const firstSeq = (prunes ? stream?.value.pruned?.seq : stream?.value.nextSeq) ?? 0;
      if (draft.firstSeq !== undefined && draft.firstSeq !== firstSeq)
        throw new StreamMoved(`the audit stream stands at ${firstSeq}, not at ${draft.firstSeq}`);
      const n = head === undefined ? 0 : head.value.n + 1;
      const signed = signCheckpoint(
        {
          v: 1,
          store: hexOf(this.#key.storeId),
          n,
          prev: hexOf(head?.value.hash ?? NO_HASH),
          kind: draft.kind,
          stream: hexOf(draft.streamId),
          firstSeq,
          nextSeq: draft.nextSeq,
          head: hexOf(draft.head),
          root: hexOf(draft.root),
          timeMs: nowMs,
          key: keyName(this.#key.term, this.#key.signer.publicKey),
          ...(counters.length > 0 && { lists: countersHash(counters) }),
        },
        this.#key.signer,
      );
      const hash = checkpointHash(signed.statement);
      const state = this.#after(draft, stream?.value, nowMs);
      const settled = await commitSettled(this.#records.store, {
        expect: [
          expectEntry(head, HEAD_KEY),
          expectEntry(stream, streamKey(draft.streamId)),
          { table: TABLE, key: checkpointKey(n), rev: "absent" },
        ],
        put: [
          this.#records.seal(headCodec, TABLE, HEAD_KEY, { n, hash }),
          this.#records.seal(lineCodec, TABLE, checkpointKey(n), printCheckpoint(signed)),
          this.#putStream(draft.streamId, state),
          ...(counters.length === 0
            ? []
            : [this.#records.seal(countersCodec, TABLE, countersKey(n), counters)]),
        ],
      });
      if (settled.kind === "ok") {
        this.#lists?.settle(counters);
        return { n, hash };
      }
      await this.#requireLed(n);
      if (tries > 1) await new Promise((done) => setTimeout(done, tries * 2));
    }
    throw new Error("the audit checkpoint meets too many others");
  }

  /** Tells the others that the stream's process lives. Throws StreamEnded. */
  async alive(streamId: Uint8Array, nowMs: number): Promise<void> {
    const key = streamKey(streamId);
    for (;;) {
      const stream = await this.#records.get(streamCodec, TABLE, key);
      if (stream === undefined || stream.value.closed) throw new StreamEnded("the audit stream is closed");
      const settled = await commitSettled(this.#records.store, {
        expect: [unchanged(stream)],
        put: [this.#putStream(streamId, { ...stream.value, aliveMs: nowMs })],
      });
      // Else somebody wrote it since: perhaps that it is closed.
      if (settled.kind === "ok") return;
    }
  }

  /** Throws where a checkpoint stands beyond the head: to write over it would hide that the head was put back. */
  async #requireLed(n: number): Promise<void> {
    if ((await this.checkpointFrom(n)) !== n) return;
    // Read after the row: whoever wrote the row has moved the head.
    const head = await this.head();
    if (head === undefined || head.n < n)
      throw new IntegrityError(
        `the audit trail's head does not lead to checkpoint ${n}; run strongroom audit verify`,
      );
  }

  async head(): Promise<CheckpointName | undefined> {
    return (await this.#records.get(headCodec, TABLE, HEAD_KEY))?.value;
  }

  /** By number; `undefined` where a row is missing or opens to no checkpoint. */
  async checkpoint(n: number): Promise<SignedCheckpoint | undefined> {
    try {
      const line = await this.#records.get(lineCodec, TABLE, checkpointKey(n));
      return line === undefined ? undefined : parseCheckpoint(line.value);
    } catch (error) {
      if (error instanceof IntegrityError) return undefined;
      throw error;
    }
  }

  /** The lowest number at or above n that has a row, whether or not the head leads to it. */
  async checkpointFrom(n: number): Promise<number | undefined> {
    const range = { table: TABLE, from: checkpointKey(n), to: ascii("d"), limit: 1, keysOnly: true } as const;
    const [row] = (await this.#records.store.scan(range)).rows;
    return row === undefined ? undefined : new BodyReader(row.key.subarray(1), "a checkpoint's key").u64();
  }

  /** Counters of lists beside checkpoint n; `undefined` where they are not what it was signed with. */
  async counters(n: number, hash: string): Promise<readonly ListCounter[] | undefined> {
    try {
      const row = await this.#records.get(countersCodec, TABLE, countersKey(n));
      return row !== undefined && countersHash(row.value) === hash ? row.value : undefined;
    } catch (error) {
      if (error instanceof IntegrityError) return undefined;
      throw error;
    }
  }

  /** Every stream ever opened, by hex id. */
  async streams(): Promise<ReadonlyMap<string, StreamState>> {
    const found = new Map<string, StreamState>();
    const from = ascii("s");
    for (let after: Uint8Array | undefined; ; ) {
      const page = await this.#records.store.scan({
        table: TABLE,
        from,
        to: ascii("t"),
        limit: 1000,
        ...(after === undefined ? {} : { after }),
      });
      for (const row of page.rows) {
        const { value } = await this.#records.open(streamCodec, TABLE, row, false);
        found.set(hexOf(row.key.subarray(1)), value);
      }
      after = page.rows.at(-1)?.key;
      if (!page.more || after === undefined) return found;
    }
  }

  /** How far a stream is pruned now, if that is further than `seq`. */
  async prunedSince(stream: string, seq: number): Promise<StreamState["pruned"]> {
    const row = await this.#records.get(streamCodec, TABLE, streamKey(bytesOfHex(stream)));
    const pruned = row?.value.pruned;
    return pruned !== undefined && pruned.seq > seq ? pruned : undefined;
  }

  #after(
    { kind, nextSeq, head }: CheckpointDraft,
    before: StreamState | undefined,
    nowMs: number,
  ): StreamState {
    if (kind === "pruned") {
      if (before === undefined || nextSeq <= (before.pruned?.seq ?? 0) || nextSeq > before.nextSeq)
        throw new Error("these records cannot be pruned, or are already");
      return { ...before, pruned: { seq: nextSeq, head } };
    }
    return {
      nextSeq,
      head,
      closed: kind === "close" || kind === "recovered",
      aliveMs: nowMs,
      term: before?.term ?? this.#key.term,
      ...(before?.pruned === undefined ? {} : { pruned: before.pruned }),
    };
  }

  #putStream(id: Uint8Array, state: StreamState): Put {
    return this.#records.seal(streamCodec, TABLE, streamKey(id), state);
  }
}

const expectEntry = (entry: Entry<unknown> | undefined, key: Uint8Array): Expect =>
  entry === undefined ? { table: TABLE, key, rev: "absent" } : unchanged(entry);
