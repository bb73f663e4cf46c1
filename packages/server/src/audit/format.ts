/**
 * Bytes of a segment file (docs/format/audit.md sections 2 and 3): one header, then frames. A frame is a batch of records
 * sealed together; its head stands in clear, authenticated, so that times and places are known without a key. Pure.
 */
import { trailHash } from "@strongroom/crypto";

export const SEGMENT_HEADER_BYTES = 172;
export const FRAME_HEAD_BYTES = 40;
export const HASH_BYTES = 32;
/** Before each record's text in a frame's body: its length, and what is hashed with it. */
const RECORD_HEAD_BYTES = 4 + 1 + HASH_BYTES + 8;
/** Before the records: the newest checkpoint that the writer knew, and how many records there are. */
export const BODY_HEAD_BYTES = 8 + HASH_BYTES + 4;
const MAGIC = 0x53524131; // "SRA1"
export const FRAME_MARK = 0x46; // "F"
const RECORD_MARK = 0x01;
const NODE_MARK = 0x02;
const FLAG_ZSTD = 1;
/** Children of a node of the record tree. A wide tree costs one hash for 15 records; a proof is somewhat longer. */
export const TREE_WIDTH = 16;
export const NO_HASH: Uint8Array = new Uint8Array(HASH_BYTES);

export interface SegmentHeader {
  readonly term: number;
  readonly storeId: Uint8Array;
  readonly streamId: Uint8Array;
  readonly number: number;
  readonly firstSeq: number;
  /** Hash of the record before the first. */
  readonly head: Uint8Array;
  readonly createdMs: number;
  readonly checkpoint: CheckpointName;
  readonly salt: Uint8Array;
}
/** Its place in the store's chain of checkpoints, and its hash. */
export interface CheckpointName {
  readonly n: number;
  readonly hash: Uint8Array;
}

export function encodeSegmentHeader(h: SegmentHeader): Uint8Array {
  const out = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, h.term);
  out.set(h.storeId, 8);
  out.set(h.streamId, 24);
  view.setUint32(40, h.number);
  putU64(view, 44, h.firstSeq);
  out.set(h.head, 52);
  putU64(view, 84, h.createdMs);
  putU64(view, 92, h.checkpoint.n);
  out.set(h.checkpoint.hash, 100);
  out.set(h.salt, 132);
  // 164 to 172 are reserved and zero.
  return out;
}

/** Undefined for bytes that are no header of this format. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(0) !== MAGIC || getU64(view, 164) !== 0) return undefined;
  return {
    term: view.getUint32(4),
    storeId: bytes.slice(8, 24),
    streamId: bytes.slice(24, 40),
    number: view.getUint32(40),
    firstSeq: getU64(view, 44),
    head: bytes.slice(52, 84),
    createdMs: getU64(view, 84),
    checkpoint: { n: getU64(view, 92), hash: bytes.slice(100, 132) },
    salt: bytes.slice(132, 164),
  };
}

export interface FrameHead {
  readonly index: number;
  readonly compressed: boolean;
  readonly firstSeq: number;
  readonly count: number;
  /** Earliest and latest event time, milliseconds. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Bytes that follow, tag included. */
  readonly sealedBytes: number;
}

export function putFrameHead(out: Uint8Array, h: FrameHead): void {
  const view = viewOf(out);
  view.setUint8(0, FRAME_MARK);
  view.setUint8(1, h.compressed ? FLAG_ZSTD : 0);
  view.setUint16(2, 0);
  view.setUint32(4, h.index);
  putU64(view, 8, h.firstSeq);
  view.setUint32(16, h.count);
  putU48(view, 20, h.firstMs);
  putU48(view, 26, h.lastMs);
  view.setUint32(32, h.sealedBytes);
  view.setUint32(36, 0);
}

/** Undefined for bytes that begin no frame. */
export function decodeFrameHead(bytes: Uint8Array): FrameHead | undefined {
  if (bytes.length < FRAME_HEAD_BYTES) return undefined;
  const view = viewOf(bytes);
  const flags = view.getUint8(1);
  if (view.getUint8(0) !== FRAME_MARK || flags > FLAG_ZSTD || view.getUint16(2) !== 0) return undefined;
  if (view.getUint32(36) !== 0) return undefined;
  return {
    index: view.getUint32(4),
    compressed: flags === FLAG_ZSTD,
    firstSeq: getU64(view, 8),
    count: view.getUint32(16),
    firstMs: getU48(view, 20),
    lastMs: getU48(view, 26),
    sealedBytes: view.getUint32(32),
  };
}

/**
 * Builds a frame's body in a buffer that is used again. Texts become bytes when they are taken over; what their records say
 * of those before them is filled in when the frame is closed, and they are hashed where they lie.
 */
export class BodyBuilder {
  #bytes = Buffer.alloc(64 * 1024);
  #view = viewOf(this.#bytes);
  #at = BODY_HEAD_BYTES;
  #count = 0;

  get size(): number {
    return this.#at;
  }
  get count(): number {
    return this.#count;
  }

  /** Empties it. */
  begin(): void {
    this.#at = BODY_HEAD_BYTES;
    this.#count = 0;
  }

  /** Appends a record. */
  add(text: string): void {
    this.#reserve(RECORD_HEAD_BYTES + text.length * 3);
    const textBytes = this.#bytes.write(text, this.#at + RECORD_HEAD_BYTES, "utf8");
    this.#view.setUint32(this.#at, textBytes);
    this.#bytes[this.#at + 4] = RECORD_MARK;
    this.#at += RECORD_HEAD_BYTES + textBytes;
    this.#count++;
  }

  /**
   * Chains the records to `before` from `firstSeq` on; returns their hashes: SHA-256(0x01 || hash of the one before || seq
   * || text). One hash call each.
   */
  chain(firstSeq: number, before: Uint8Array): Uint8Array[] {
    const hashes: Uint8Array[] = [];
    let head = before;
    for (let at = BODY_HEAD_BYTES, seq = firstSeq; at < this.#at; seq++) {
      const next = at + RECORD_HEAD_BYTES + this.#view.getUint32(at);
      this.#bytes.set(head, at + 5);
      putU64(this.#view, at + 5 + HASH_BYTES, seq);
      head = trailHash(this.#bytes.subarray(at + 4, next));
      hashes.push(head);
      at = next;
    }
    return hashes;
  }

  /** Closed with the hash of its last record. A view that the next records overwrite. */
  end(checkpoint: CheckpointName, head: Uint8Array): Uint8Array {
    this.#reserve(HASH_BYTES);
    putU64(this.#view, 0, checkpoint.n);
    this.#bytes.set(checkpoint.hash, 8);
    this.#bytes.set(head, this.#at);
    this.#view.setUint32(8 + HASH_BYTES, this.#count);
    return this.#bytes.subarray(0, this.#at + HASH_BYTES);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#at + bytes));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

export interface StoredRecord {
  readonly seq: number;
  /** What it says about the one before. */
  readonly before: Uint8Array;
  readonly hash: () => Uint8Array;
  readonly text: Uint8Array;
}
export interface FrameBody {
  readonly checkpoint: CheckpointName;
  readonly records: readonly StoredRecord[];
  readonly head: Uint8Array;
}

/** Undefined for a body that is not as `BodyBuilder` writes them. */
export function decodeBody(body: Uint8Array): FrameBody | undefined {
  const view = viewOf(body);
  if (body.length < BODY_HEAD_BYTES + HASH_BYTES) return undefined;
  const count = view.getUint32(8 + HASH_BYTES);
  const records: StoredRecord[] = [];
  let at = BODY_HEAD_BYTES;
  const end = body.length - HASH_BYTES;
  for (let i = 0; i < count; i++) {
    if (at + RECORD_HEAD_BYTES > end) return undefined;
    const textAt = at + RECORD_HEAD_BYTES;
    const next = textAt + view.getUint32(at);
    if (next > end || view.getUint8(at + 4) !== RECORD_MARK) return undefined;
    const hashed = body.subarray(at + 4, next);
    records.push({
      before: body.subarray(at + 5, at + 5 + HASH_BYTES),
      seq: getU64(view, at + 5 + HASH_BYTES),
      hash: () => trailHash(hashed),
      text: body.subarray(textAt, next),
    });
    at = next;
  }
  if (at !== end) return undefined;
  return {
    checkpoint: { n: getU64(view, 0), hash: body.subarray(8, 8 + HASH_BYTES) },
    records,
    head: body.subarray(end),
  };
}

/** Hash of a record that stands alone, as in a proof. */
export function recordHash(before: Uint8Array, seq: number, text: Uint8Array): Uint8Array {
  const head = new Uint8Array(1 + HASH_BYTES + 8);
  head[0] = RECORD_MARK;
  head.set(before, 1);
  putU64(viewOf(head), 1 + HASH_BYTES, seq);
  return trailHash(Buffer.concat([head, text]));
}

/** Node of the record tree over up to TREE_WIDTH children (docs/format/audit.md section 5). */
export function treeNode(children: readonly Uint8Array[]): Uint8Array {
  return trailHash(Buffer.concat([Uint8Array.of(NODE_MARK), ...children]));
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
function putU64(view: DataView, at: number, n: number): void {
  view.setUint32(at, Math.floor(n / 2 ** 32));
  view.setUint32(at + 4, n % 2 ** 32);
}
function getU64(view: DataView, at: number): number {
  return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
}
function putU48(view: DataView, at: number, n: number): void {
  view.setUint16(at, Math.floor(n / 2 ** 32));
  view.setUint32(at + 2, n % 2 ** 32);
}
function getU48(view: DataView, at: number): number {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}
