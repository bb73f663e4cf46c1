/**
 * Reads segment files front to back without trusting them: what does not open or does not follow is told as a problem,
 * with the place and what can be said about it, and never skipped in silence.
 */
import { zstdDecompressSync } from "node:zlib";
import { type SecretKey, TrailSealer } from "@strongroom/crypto";
import { endOf, type TrailFiles } from "./files.ts";
import {
  decodeBody,
  decodeFrameHead,
  decodeSegmentHeader,
  FRAME_HEAD_BYTES,
  FRAME_MARK,
  type FrameBody,
  type FrameHead,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from "./format.ts";

/** The seed of a term of the audit key. */
export type SeedOf = (term: number) => SecretKey<"audit"> | undefined;

/** Records of one frame are at most this; a longer body is no frame of ours (a guard against decompression bombs). */
const BODY_BYTES_MAX = 64 * 1024 ** 2;

export interface FramePlace {
  readonly head: FrameHead;
  readonly offset: number;
  readonly bytes: number;
}

export class Segment {
  readonly header: SegmentHeader;
  readonly #bytes: Uint8Array;
  readonly #sealer: TrailSealer;
  #end: number | undefined;

  private constructor(header: SegmentHeader, bytes: Uint8Array, seed: SecretKey<"audit">) {
    this.header = header;
    this.#bytes = bytes;
    this.#sealer = new TrailSealer(seed, "segment", bytes.subarray(0, SEGMENT_HEADER_BYTES));
  }

  static async read(
    files: TrailFiles,
    stream: string,
    number: number,
    seedOf: SeedOf,
  ): Promise<Segment | "no header" | "unknown key"> {
    return Segment.from(await files.read(stream, number), seedOf);
  }

  /** Of a file's bytes, or of its header and some of its frames. */
  static from(bytes: Uint8Array, seedOf: SeedOf): Segment | "no header" | "unknown key" {
    const header = decodeSegmentHeader(bytes);
    if (header === undefined) return "no header";
    const seed = seedOf(header.term);
    return seed === undefined ? "unknown key" : new Segment(header, bytes, seed);
  }

  /** What the index is sealed with. */
  get headerBytes(): Uint8Array {
    return this.#bytes.subarray(0, SEGMENT_HEADER_BYTES);
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** Nothing but zeros follows: room for frames to come, or the end of one that ends in zeros. */
  get end(): number {
    this.#end ??= endOf(this.#bytes);
    return this.#end;
  }

  /** The frame at an offset, or undefined where there is no whole one. */
  frameAt(offset: number): FramePlace | undefined {
    const head = decodeFrameHead(this.#bytes.subarray(offset, offset + FRAME_HEAD_BYTES));
    if (head === undefined) return undefined;
    const bytes = FRAME_HEAD_BYTES + head.sealedBytes;
    return offset + bytes > this.#bytes.length ? undefined : { head, offset, bytes };
  }

  *frames(from = SEGMENT_HEADER_BYTES, to = this.size): Generator<FramePlace> {
    for (let at = from; at < to; ) {
      const frame = this.frameAt(at);
      if (frame === undefined) return;
      yield frame;
      at += frame.bytes;
    }
  }

  /** The first whole frame of this segment at or behind an offset: to tell damage from an end. */
  findFrame(from: number): FramePlace | undefined {
    for (let at = from; ; at++) {
      at = this.#bytes.indexOf(FRAME_MARK, at);
      if (at < 0) return undefined;
      const frame = this.frameAt(at);
      if (frame !== undefined && this.open(frame) !== undefined) return frame;
    }
  }

  /** Undefined for a frame that is not as it was sealed. */
  open({ head, offset, bytes }: FramePlace): FrameBody | undefined {
    const aad = this.#bytes.subarray(offset, offset + FRAME_HEAD_BYTES);
    const sealed = this.#bytes.subarray(offset + FRAME_HEAD_BYTES, offset + bytes);
    try {
      const opened = this.#sealer.open(head.index, sealed, aad);
      const body = head.compressed ? zstdDecompressSync(opened, { maxOutputLength: BODY_BYTES_MAX }) : opened;
      return decodeBody(body);
    } catch {
      return undefined;
    }
  }

  /** Nothing stands behind it: one that does not open may be one that is, or was, still being written. */
  isLast({ offset, bytes }: FramePlace): boolean {
    return this.end <= offset + bytes;
  }

  [Symbol.dispose](): void {
    this.#sealer[Symbol.dispose]();
  }
}
