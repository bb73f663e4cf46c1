/**
 * One growing segment: seals frames in order and writes each durably. A frame that could not be written is kept as it was
 * sealed and written again at the same place, because its nonce must seal nothing else.
 */
import { constants, zstdCompressSync } from "node:zlib";
import { randomBytes, release, type SecretKey, TRAIL_TAG_BYTES, TrailSealer } from "@strongroom/crypto";
import {
  TRAIL_COMPRESS_BYTES_MIN,
  TRAIL_SEGMENT_BYTES_MAX,
  TRAIL_SEGMENT_RECORDS_MAX,
} from "../base/limits.ts";
import { hexOf } from "../store/key-order.ts";
import type { TrailFiles } from "./files.ts";
import {
  type CheckpointName,
  encodeSegmentHeader,
  FRAME_HEAD_BYTES,
  type FrameHead,
  putFrameHead,
  SEGMENT_HEADER_BYTES,
} from "./format.ts";
import { type FrameFacts, IndexBuilder } from "./index-builder.ts";
import { sealIndex } from "./index-file.ts";
import type { TrailFile } from "./synced-file.ts";

/** The fastest: records of one kind shrink to a tenth even so, in less time than handing them to another thread takes. */
const FAST = { [constants.ZSTD_c_compressionLevel]: 1 };
/** One piece of output, not several that are joined. */
const compress = (body: Uint8Array): Uint8Array =>
  zstdCompressSync(body, { params: FAST, chunkSize: Math.max(constants.Z_MIN_CHUNK, body.length >>> 1) });

export interface StreamName {
  readonly storeId: Uint8Array;
  readonly streamId: Uint8Array;
  readonly term: number;
  readonly seed: SecretKey<"audit">;
}

export interface FrameInput {
  /** A view that stays as it is until the frame is sealed. */
  readonly body: Uint8Array;
  readonly firstSeq: number;
  readonly count: number;
  readonly facts: FrameFacts;
}

export class SegmentWriter {
  readonly #file: TrailFile;
  readonly #header: Uint8Array;
  readonly #sealer: TrailSealer;
  readonly #index = new IndexBuilder();
  #at = SEGMENT_HEADER_BYTES;
  #frames = 0;
  #records = 0;
  /** A frame that is sealed, and in the index, does not stand in the file. */
  #isBehind = false;

  private constructor(file: TrailFile, header: Uint8Array, seed: SecretKey<"audit">) {
    this.#file = file;
    this.#header = header;
    this.#sealer = new TrailSealer(seed, "segment", header);
  }

  static async create(
    files: TrailFiles,
    name: StreamName,
    place: {
      readonly number: number;
      readonly firstSeq: number;
      readonly head: Uint8Array;
      readonly checkpoint: CheckpointName;
      readonly nowMs: number;
    },
  ): Promise<SegmentWriter> {
    const { number, firstSeq, head, checkpoint, nowMs } = place;
    const { term, storeId, streamId } = name;
    const salt = randomBytes(32);
    const header = encodeSegmentHeader({
      term,
      storeId,
      streamId,
      number,
      firstSeq,
      head,
      createdMs: nowMs,
      checkpoint,
      salt,
    });
    return new SegmentWriter(await files.create(hexOf(streamId), number, header), header, name.seed);
  }

  get full(): boolean {
    return this.#records >= TRAIL_SEGMENT_RECORDS_MAX || this.#at >= TRAIL_SEGMENT_BYTES_MAX;
  }

  /** The frame's bytes. Call `write` with them, again as often as it fails, before the next `seal`. */
  seal(input: FrameInput): Uint8Array {
    const compressed = input.body.length >= TRAIL_COMPRESS_BYTES_MIN;
    const body = compressed ? compress(input.body) : input.body;
    const out = new Uint8Array(FRAME_HEAD_BYTES + body.length + TRAIL_TAG_BYTES);
    const head: FrameHead = {
      index: this.#frames,
      compressed,
      firstSeq: input.firstSeq,
      count: input.count,
      firstMs: input.facts.firstMs,
      lastMs: input.facts.lastMs,
      sealedBytes: body.length + TRAIL_TAG_BYTES,
    };
    putFrameHead(out, head);
    this.#sealer.sealInto(this.#frames++, body, out.subarray(0, FRAME_HEAD_BYTES), out, FRAME_HEAD_BYTES);
    if (compressed) release(body);
    this.#index.frame(this.#at, out.length, input.facts);
    this.#records += input.count;
    this.#isBehind = true;
    return out;
  }

  async write(frame: Uint8Array): Promise<void> {
    const { length } = frame;
    await this.#file.write(frame, this.#at);
    this.#at += length;
    this.#isBehind = false;
    // V8 counts what lies off its heap as old, and would mark all of that heap again after some dozens of frames.
    release(frame);
  }

  async close(): Promise<void> {
    this.#sealer[Symbol.dispose]();
    await this.#file.close();
  }

  /** After `close`. Rejects where the last frame was never written: the index would name its records. */
  async sealedIndex(seed: SecretKey<"audit">): Promise<Uint8Array> {
    if (this.#isBehind) throw new Error("the segment's last frame was not written");
    return sealIndex(seed, this.#header, this.#index, this.#at);
  }
}
