/**
 * The index beside a finished segment, as a file of blocks (docs/format/audit.md section 7): a question reads the blocks it
 * needs and no more. Sealed like the segment; a convenience, never trusted by `verify`, and made again if it is missing.
 */
import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompressSync } from "node:zlib";
import { randomBytes, release, type SecretKey, TRAIL_TAG_BYTES, TrailSealer } from "@strongroom/crypto";
import { TRAIL_INDEX_BLOCK_BYTES_MAX, TRAIL_INDEX_PART_NAMES } from "../base/limits.ts";
import { BodyReader, concat, u32, u64 } from "../store/key-bytes.ts";
import { hexOf } from "../store/key-order.ts";
import { COLUMNS, NAMED } from "./facts.ts";
import type { IndexBuilder, NameList } from "./index-builder.ts";
import { encodePlanes } from "./planes.ts";

const compressAsync = promisify(zstdCompress);
/** The fastest: half of an index are hashes, which no level makes smaller. */
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** One piece of output, not several that are joined. */
const compress = (bytes: Uint8Array): Promise<Uint8Array> =>
  compressAsync(bytes, { ...FAST, chunkSize: Math.max(constants.Z_MIN_CHUNK, bytes.length) });
const VERSION = 2;
const SALT_BYTES = 32;
const FILE_HEAD_BYTES = SALT_BYTES + 4;
/** Mostly enough for the directory. */
const FIRST_READ_BYTES = 4096;
/** Below this a block is not worth compressing. */
const COMPRESS_BYTES_MIN = 256;
const PART_BITS_MAX = 8;
const AAD = new TextEncoder().encode("index");

/** What a block holds; of columns and names, the kind plus their place in the lists. */
export const KINDS = { offsets: 0, firsts: 1, times: 2, values: 32, ids: 96, names: 160 } as const;

interface Block {
  readonly kind: number;
  readonly part: number;
  readonly compressed: boolean;
  /** As it was before compression. */
  readonly bytes: number;
  readonly sealedBytes: number;
  readonly offset: number;
  readonly counter: number;
}

export interface IndexHead {
  /** Size of the segment file that the index was made of. */
  readonly segmentBytes: number;
  readonly records: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Behind the last frame. */
  readonly end: number;
  readonly blocks: readonly Block[];
}

/** `header`: of the segment. Leaves the event loop free between blocks. */
export async function sealIndex(
  seed: SecretKey<"audit">,
  header: Uint8Array,
  index: IndexBuilder,
  segmentBytes: number,
): Promise<Uint8Array> {
  // An index may be made again, so its key is of this one only.
  const salt = randomBytes(SALT_BYTES);
  using sealer = new TrailSealer(seed, "index", concat(header, salt));
  const sealed: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  for (const { kind, part, bytes } of blocksOf(index)) {
    const compressed = bytes.length >= COMPRESS_BYTES_MIN;
    const body = compressed ? await compress(bytes) : bytes;
    const block = new Uint8Array(body.length + TRAIL_TAG_BYTES);
    sealer.sealInto(sealed.length + 1, body, AAD, block, 0);
    sealed.push(block);
    directory.push(Uint8Array.of(kind, part, Number(compressed)), u32(bytes.length), u32(block.length));
    for (const done of [bytes, body]) release(done);
  }
  const head = concat(
    Uint8Array.of(VERSION),
    u64(segmentBytes),
    u32(index.records),
    u64(index.records === 0 ? 0 : index.firstMs),
    u64(index.lastMs),
    u64(index.end),
    u32(sealed.length),
    ...directory,
  );
  const out = new Uint8Array(head.length + TRAIL_TAG_BYTES);
  sealer.sealInto(0, head, AAD, out, 0);
  return concat(salt, u32(out.length), out, ...sealed);
}

function* blocksOf(
  index: IndexBuilder,
): Generator<{ readonly kind: number; readonly part: number; readonly bytes: Uint8Array }> {
  yield { kind: KINDS.offsets, part: 0, bytes: encodePlanes(index.frameOffsets.view()) };
  yield { kind: KINDS.firsts, part: 0, bytes: encodePlanes(index.frameRecords.view()) };
  yield { kind: KINDS.times, part: 0, bytes: encodePlanes(index.timeList.view()) };
  let i = 0;
  for (const { values, ids } of index.columns()) {
    yield { kind: KINDS.values + i, part: 0, bytes: Buffer.from(JSON.stringify(values)) };
    yield { kind: KINDS.ids + i++, part: 0, bytes: encodePlanes(ids()) };
  }
  for (const [i, list] of index.names.entries()) {
    const parts = partsOf(list);
    for (const [part, bytes] of parts.entries()) yield { kind: KINDS.names + i, part, bytes };
  }
}

/** As many parts, a power of two, as keep each about as large as is wanted. */
function partsOf({ high, low, records }: NameList): readonly Uint8Array[] {
  const wanted = Math.ceil(Math.log2(Math.max(1, high.length / TRAIL_INDEX_PART_NAMES)));
  const bits = Math.min(PART_BITS_MAX, wanted);
  const parts = 2 ** bits;
  const highs = high.view();
  // Counted, then put in their places: no list grows.
  const ends = new Uint32Array(parts + 1);
  for (let i = 0; i < highs.length; i++) countUp(ends, partOf(highs[i] ?? 0, parts) + 1, 1);
  for (let part = 0; part < parts; part++) countUp(ends, part + 1, ends[part] ?? 0);
  const next = ends.slice();
  const order = new Uint32Array(highs.length);
  for (let i = 0; i < highs.length; i++) order[countUp(next, partOf(highs[i] ?? 0, parts), 1)] = i;
  const columns = [highs, low.view(), records.view()].map((values) => gathered(values, order));
  return Array.from({ length: parts }, (_, part) =>
    concat(
      ...columns.flatMap((column) => {
        const planes = encodePlanes(column.subarray(ends[part], ends[part + 1]));
        return [u32(planes.length), planes];
      }),
    ),
  );
}

/** Returns what stood there before. */
function countUp(counts: Uint32Array, at: number, by: number): number {
  const before = counts[at] ?? 0;
  counts[at] = before + by;
  return before;
}

function gathered(values: ArrayLike<number>, order: Uint32Array): Uint32Array {
  const out = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) out[i] = values[order[i] ?? 0] ?? 0;
  return out;
}
export const partOf = (high: number, parts: number): number => Math.floor((high / 2 ** 32) * parts);

/** An open index file. Throws for one that is not what this store wrote, or of another version. */
export class IndexFile {
  readonly #file: FileHandle;
  readonly #sealer: TrailSealer;
  readonly head: IndexHead;
  /** One that is made again for the same segment has another. */
  readonly id: string;

  private constructor(file: FileHandle, sealer: TrailSealer, head: IndexHead, id: string) {
    this.#file = file;
    this.#sealer = sealer;
    this.head = head;
    this.id = id;
  }

  static async open(path: string, seed: SecretKey<"audit">, header: Uint8Array): Promise<IndexFile> {
    const file = await open(path, "r");
    try {
      const first = await readAt(file, 0, FIRST_READ_BYTES);
      const sealer = new TrailSealer(seed, "index", concat(header, first.subarray(0, SALT_BYTES)));
      const headBytes = new BodyReader(first.subarray(SALT_BYTES), "an audit index").u32();
      if (headBytes > TRAIL_INDEX_BLOCK_BYTES_MAX) throw new Error("the audit index is not one");
      const end = FILE_HEAD_BYTES + headBytes;
      const all = end <= first.length ? first : await readAt(file, 0, end);
      const head = decodeHead(sealer.open(0, all.subarray(FILE_HEAD_BYTES, end), AAD), end);
      return new IndexFile(file, sealer, head, hexOf(first.subarray(0, 8)));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  parts(kind: number): number {
    return this.head.blocks.filter((block) => block.kind === kind).length;
  }

  async read(kind: number, part = 0): Promise<Uint8Array> {
    const block = this.head.blocks.find((b) => b.kind === kind && b.part === part);
    if (block === undefined) throw new Error("the audit index lacks a block");
    const sealed = await readAt(this.#file, block.offset, block.sealedBytes);
    const body = this.#sealer.open(block.counter, sealed, AAD);
    return block.compressed ? zstdDecompressSync(body, { maxOutputLength: block.bytes }) : body;
  }

  async close(): Promise<void> {
    this.#sealer[Symbol.dispose]();
    await this.#file.close();
  }
}

function decodeHead(body: Uint8Array, blocksAt: number): IndexHead {
  const reader = new BodyReader(body, "an audit index");
  reader.version(VERSION);
  const segmentBytes = reader.u64();
  const records = reader.u32();
  const [firstMs, lastMs, end] = [reader.u64(), reader.u64(), reader.u64()];
  const count = reader.u32();
  let offset = blocksAt;
  const blocks: Block[] = [];
  for (let i = 0; i < count; i++) {
    const [kind, part, compressed] = [reader.u8(), reader.u8(), reader.u8() === 1];
    const [bytes, sealedBytes] = [reader.u32(), reader.u32()];
    blocks.push({ kind, part, compressed, bytes, sealedBytes, offset, counter: i + 1 });
    offset += sealedBytes;
  }
  reader.end();
  if (blocks.some(({ kind }) => kind >= KINDS.names + NAMED.length)) throw new Error("unknown block");
  if (COLUMNS.length > KINDS.ids - KINDS.values) throw new Error("INVARIANT: kinds do not overlap");
  return { segmentBytes, records, firstMs, lastMs, end, blocks };
}

/** Short at the file's end; what is too short does not open. */
async function readAt(file: FileHandle, at: number, bytes: number): Promise<Uint8Array> {
  const out = new Uint8Array(bytes);
  let done = 0;
  while (done < bytes) {
    const { bytesRead } = await file.read(out, done, bytes - done, at + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return out.subarray(0, done);
}
