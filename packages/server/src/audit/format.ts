/**
 * Bytes of a segment file (docs/format/audit.md sections 2 and 3): one header, then frames. A frame is a batch of records
 * sealed together; its head stands in clear, authenticated, so that times and places are known without a key. Pure.
 */
import { trailHash } from "@strongroom/crypto";
import { fill, type Template } from "./template.ts";

export const SEGMENT_HEADER_BYTES = 172;
export const FRAME_HEAD_BYTES = 40;
export const HASH_BYTES = 32;
/** Before each item of a frame's body: its length and what it is. */
const ITEM_HEAD_BYTES = 4 + 1;
/** Of a record there is, besides, what is hashed with its content. */
const RECORD_HEAD_BYTES = ITEM_HEAD_BYTES + HASH_BYTES + 8;
/** Before the records: the newest checkpoint that the writer knew, and how many records there are. */
export const BODY_HEAD_BYTES = 8 + HASH_BYTES + 4;
const MAGIC = 0x53524131; // "SRA1"
export const FRAME_MARK = 0x46; // "F"
const RECORD_MARK = 0x01;
const NODE_MARK = 0x02;
const TEMPLATE_MARK = 0x03;
const FILLED_MARK = 0x04;
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
  /** Those that stand in this frame. */
  readonly #templates = new Set<Template>();

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
    this.#templates.clear();
  }

  /** Appends a record: its text, or the values that fill its template. */
  add(text: string, template?: Template): void {
    if (template !== undefined && !this.#templates.has(template)) this.#addTemplate(template);
    this.#reserve(RECORD_HEAD_BYTES + HASH_BYTES + text.length * 3);
    const contentAt = this.#at + RECORD_HEAD_BYTES;
    let end = contentAt;
    if (template !== undefined) {
      this.#bytes.set(template.hash, end);
      end += HASH_BYTES;
    }
    end += this.#bytes.write(text, end, "utf8");
    this.#view.setUint32(this.#at, end - contentAt);
    this.#bytes[this.#at + 4] = template === undefined ? RECORD_MARK : FILLED_MARK;
    this.#at = end;
    this.#count++;
  }

  #addTemplate(template: Template): void {
    const { bytes } = template;
    this.#templates.add(template);
    this.#reserve(ITEM_HEAD_BYTES + bytes.length);
    this.#view.setUint32(this.#at, bytes.length);
    this.#bytes[this.#at + 4] = TEMPLATE_MARK;
    this.#bytes.set(bytes, this.#at + ITEM_HEAD_BYTES);
    this.#at += ITEM_HEAD_BYTES + bytes.length;
  }

  /** Chains the records to `before` from `firstSeq` on; returns their hashes. One hash call each. */
  chain(firstSeq: number, before: Uint8Array): Uint8Array[] {
    const hashes: Uint8Array[] = [];
    let head = before;
    for (let at = BODY_HEAD_BYTES, seq = firstSeq; at < this.#at; ) {
      const length = this.#view.getUint32(at);
      if (this.#bytes[at + 4] === TEMPLATE_MARK) {
        at += ITEM_HEAD_BYTES + length;
        continue;
      }
      const next = at + RECORD_HEAD_BYTES + length;
      this.#bytes.set(head, at + ITEM_HEAD_BYTES);
      putU64(this.#view, at + ITEM_HEAD_BYTES + HASH_BYTES, seq++);
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

/** What a record says: a text of its own, or values that fill a template. */
export type Content =
  | { readonly text: Uint8Array }
  | { readonly template: Uint8Array; readonly values: Uint8Array };

export interface RecordPlace {
  readonly seq: number;
  /** Hash of the one before. */
  readonly before: Uint8Array;
}

/**
 * SHA-256(mark || hash of the one before || seq || content), content being the text, or the template's hash and the
 * values.
 */
export function recordHash({ before, seq }: RecordPlace, content: Content): Uint8Array {
  const head = new Uint8Array(1 + HASH_BYTES + 8);
  head[0] = "text" in content ? RECORD_MARK : FILLED_MARK;
  head.set(before, 1);
  putU64(viewOf(head), 1 + HASH_BYTES, seq);
  const rest = "text" in content ? [content.text] : [trailHash(content.template), content.values];
  return trailHash(Buffer.concat([head, ...rest]));
}

/** Undefined where the values do not fit. */
export const textOf = (content: Content): Uint8Array | undefined =>
  "text" in content ? content.text : fill(content.template, content.values);

export interface StoredRecord extends RecordPlace {
  readonly content: Content;
  readonly hash: () => Uint8Array;
  /** One JSON object; empty if it does not fit its template, which this store never wrote. */
  readonly text: Uint8Array;
}
export interface FrameBody {
  /** How much memory it holds: its records are views. */
  readonly bytes: number;
  readonly checkpoint: CheckpointName;
  readonly records: readonly StoredRecord[];
  readonly head: Uint8Array;
}

class DecodedRecord implements StoredRecord {
  readonly seq: number;
  readonly before: Uint8Array;
  readonly content: Content;
  readonly #hashed: Uint8Array;
  #text: Uint8Array | undefined;

  /** `hashed`: from the mark on. */
  constructor(hashed: Uint8Array, content: Content) {
    this.#hashed = hashed;
    this.content = content;
    this.before = hashed.subarray(1, 1 + HASH_BYTES);
    this.seq = getU64(viewOf(hashed), 1 + HASH_BYTES);
  }

  readonly hash = (): Uint8Array => trailHash(this.#hashed);

  get text(): Uint8Array {
    this.#text ??= textOf(this.content) ?? new Uint8Array();
    return this.#text;
  }
}

/** Undefined for a body that is not as `BodyBuilder` writes them. */
export function decodeBody(body: Uint8Array): FrameBody | undefined {
  const view = viewOf(body);
  if (body.length < BODY_HEAD_BYTES + HASH_BYTES) return undefined;
  const count = view.getUint32(8 + HASH_BYTES);
  const records: StoredRecord[] = [];
  const templates = new Map<string, Uint8Array>();
  const end = body.length - HASH_BYTES;
  let at = BODY_HEAD_BYTES;
  while (at < end) {
    if (at + ITEM_HEAD_BYTES > end) return undefined;
    const mark = view.getUint8(at + 4);
    const contentAt = at + (mark === TEMPLATE_MARK ? ITEM_HEAD_BYTES : RECORD_HEAD_BYTES);
    const next = contentAt + view.getUint32(at);
    if (next > end) return undefined;
    const bytes = body.subarray(contentAt, next);
    if (mark === TEMPLATE_MARK) templates.set(nameOf(trailHash(bytes)), bytes);
    else {
      const content = contentOf(mark, bytes, templates);
      if (content === undefined) return undefined;
      records.push(new DecodedRecord(body.subarray(at + 4, next), content));
    }
    at = next;
  }
  if (records.length !== count) return undefined;
  return {
    bytes: body.length,
    checkpoint: { n: getU64(view, 0), hash: body.subarray(8, 8 + HASH_BYTES) },
    records,
    head: body.subarray(end),
  };
}

function contentOf(
  mark: number,
  bytes: Uint8Array,
  templates: ReadonlyMap<string, Uint8Array>,
): Content | undefined {
  if (mark === RECORD_MARK) return { text: bytes };
  if (mark !== FILLED_MARK || bytes.length < HASH_BYTES) return undefined;
  const template = templates.get(nameOf(bytes.subarray(0, HASH_BYTES)));
  return template === undefined ? undefined : { template, values: bytes.subarray(HASH_BYTES) };
}

const nameOf = (hash: Uint8Array): string => Buffer.from(hash).toString("latin1");

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
