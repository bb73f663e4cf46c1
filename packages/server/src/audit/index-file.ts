/**
 * The index beside a finished segment: for each group of frames where it lies, its times, and a Bloom filter of its
 * terms. Sealed like the segment; only a convenience, never trusted by `verify`, and made again if it is missing.
 *
 *     file = salt(32) || AES-256-GCM(index key of header || salt, 0, body)
 *     body = version(1) || count(4) || per group: offset(8) bytes(4) records(4) firstMs(8) lastMs(8) LP(filter)
 */
import { randomBytes, type SecretKey, TRAIL_TAG_BYTES, TrailSealer } from "@strongroom/crypto";
import { TRAIL_GROUP_RECORDS } from "../base/limits.ts";
import { BodyReader, concat, u32, u64 } from "../store/key-bytes.ts";
import type { FrameHead } from "./format.ts";
import { bloomOf } from "./terms.ts";

export interface Group {
  /** Of its first frame in the segment file. */
  readonly offset: number;
  readonly bytes: number;
  readonly records: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Absent: not known, look inside. */
  readonly filter?: Uint8Array;
}

const VERSION = 1;
const SALT_BYTES = 32;
const AAD = new TextEncoder().encode("index");

/** Gathers frames into groups while a segment is written. */
export class IndexBuilder {
  readonly #groups: Group[] = [];
  #terms = new Set<number>();
  #open: Group | undefined;

  frame(offset: number, bytes: number, head: FrameHead, terms: readonly number[]): void {
    for (const term of terms) this.#terms.add(term);
    const before = this.#open;
    this.#open = {
      offset: before?.offset ?? offset,
      bytes: (before?.bytes ?? 0) + bytes,
      records: (before?.records ?? 0) + head.count,
      firstMs: Math.min(before?.firstMs ?? head.firstMs, head.firstMs),
      lastMs: Math.max(before?.lastMs ?? 0, head.lastMs),
    };
    if (this.#open.records >= TRAIL_GROUP_RECORDS) this.#close();
  }

  groups(): readonly Group[] {
    this.#close();
    return this.#groups;
  }

  #close(): void {
    if (this.#open === undefined) return;
    this.#groups.push({ ...this.#open, filter: bloomOf(this.#terms) });
    this.#open = undefined;
    this.#terms = new Set();
  }
}

export function sealIndex(
  seed: SecretKey<"audit">,
  header: Uint8Array,
  groups: readonly Group[],
): Uint8Array {
  const body = concat(
    Uint8Array.of(VERSION),
    u32(groups.length),
    ...groups.flatMap(({ offset, bytes, records, firstMs, lastMs, filter = new Uint8Array() }) => [
      u64(offset),
      u32(bytes),
      u32(records),
      u64(firstMs),
      u64(lastMs),
      u32(filter.length),
      filter,
    ]),
  );
  const out = new Uint8Array(SALT_BYTES + body.length + TRAIL_TAG_BYTES);
  // An index may be made again, so its key is of this one only.
  const salt = randomBytes(SALT_BYTES);
  out.set(salt);
  using sealer = new TrailSealer(seed, "index", concat(header, salt));
  sealer.sealInto(0, body, AAD, out, SALT_BYTES);
  return out;
}

/** Undefined for an index that does not open: it is made again. */
export function openIndex(
  seed: SecretKey<"audit">,
  header: Uint8Array,
  sealed: Uint8Array,
): readonly Group[] | undefined {
  using sealer = new TrailSealer(seed, "index", concat(header, sealed.subarray(0, SALT_BYTES)));
  try {
    return decode(sealer.open(0, sealed.subarray(SALT_BYTES), AAD));
  } catch {
    return undefined;
  }
}

function decode(body: Uint8Array): readonly Group[] {
  const reader = new BodyReader(body, "an audit index");
  reader.version(VERSION);
  const count = reader.u32();
  return Array.from({ length: count }, () => ({
    offset: reader.u64(),
    bytes: reader.u32(),
    records: reader.u32(),
    firstMs: reader.u64(),
    lastMs: reader.u64(),
    filter: reader.take(reader.u32()),
  }));
}
