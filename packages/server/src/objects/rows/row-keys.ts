/**
 * Row keys of the objects layer. Everything of a bucket begins with its id, so that a bucket made again under an old name
 * sees nothing old, and object keys keep the order of their UTF-8 bytes: NUL is escaped as 00 FF and the separator before
 * a version's sequence is 00 00, which sorts before every continuation of the key.
 *
 *     head, marker   bucketId(16) || escapedKey
 *     version        bucketId(16) || escapedKey || 00 00 || (2^64 - 1 - sequence)(8)      newest first
 *     inline         contentId(16) || stream index(2)
 *     content        contentId(16)
 *     page           contentId(16) || kind(1) || page index(2)
 *     epoch          bucketId(16) || (2^32 - 1 - epoch)(4)                                newest first
 *     life           bucketId(16)
 */
import { fail } from "../../base/errors.ts";
import type { BucketId, ContentId, ObjectKey } from "../../base/ids.ts";
import { ESCAPED_KEY_BYTES_MAX } from "../../base/limits.ts";

const ID_BYTES = 16;
const SEPARATOR_BYTES = 2;
const SEQUENCE_BYTES = 8;

/** Pointer keys lie in buffers that many share, also where `Buffer.allocUnsafe` has no such pool (Bun); never written twice. */
const SLAB_BYTES = 16 * 1024;
let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let slabUsed = 0;

/** bucketId || escaped key: the row key of `head` and `marker`. Throws KeyTooLongError. */
export function pointerKey(bucket: BucketId, key: ObjectKey): Uint8Array {
  // UTF-16 to UTF-8 is at most three bytes a unit; keys are short, so rough room and a view do.
  const room = ID_BYTES + key.length * 3;
  if (slabUsed + room > slab.length) {
    slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, room));
    slabUsed = 0;
  }
  const at = slabUsed;
  slab.set(bucket, at);
  const written = slab.write(key, at + ID_BYTES, "utf8");
  const size = ID_BYTES + written;
  // No Buffer, so that nobody meets Buffer's own slice.
  const out = new Uint8Array(slab.buffer, slab.byteOffset + at, size);
  if (key.includes("\0")) return withEscapes(out);
  if (written > ESCAPED_KEY_BYTES_MAX) tooLong(written);
  slabUsed += size;
  return out;
}

function withEscapes(raw: Uint8Array): Uint8Array {
  let zeros = 0;
  for (let i = ID_BYTES; i < raw.length; i++) if (raw[i] === 0) zeros++;
  const size = raw.length - ID_BYTES + zeros;
  if (size > ESCAPED_KEY_BYTES_MAX) tooLong(size);
  const out = new Uint8Array(ID_BYTES + size);
  out.set(raw.subarray(0, ID_BYTES), 0);
  let at = ID_BYTES;
  for (let i = ID_BYTES; i < raw.length; i++) {
    const byte = raw[i] ?? 0;
    out[at++] = byte;
    if (byte === 0) out[at++] = 0xff;
  }
  return out;
}

function tooLong(size: number): never {
  fail("KeyTooLongError", {
    elements: { Size: String(size), MaxSizeAllowed: String(ESCAPED_KEY_BYTES_MAX) },
  });
}

/** Escaped form of a text that is part of a key (a prefix, a delimiter): the encoding that `head` rows have. */
export function escapeText(text: string): Uint8Array {
  const raw = Buffer.from(text);
  if (!text.includes("\0")) return new Uint8Array(raw);
  const out: number[] = [];
  for (const byte of raw) {
    out.push(byte);
    if (byte === 0) out.push(0xff);
  }
  return Uint8Array.from(out);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The object key in a row key of `head` or `marker`. */
export function keyOfPointer(row: Uint8Array): string {
  return unescape(row.subarray(ID_BYTES));
}

/** The object key and the sequence in a row key of `version`. */
export function keyOfVersion(row: Uint8Array): { readonly key: string; readonly sequence: number } {
  const end = row.length - SEQUENCE_BYTES;
  const view = new DataView(row.buffer, row.byteOffset + end, SEQUENCE_BYTES);
  const high = 0xffff_ffff - view.getUint32(0);
  const low = 0xffff_ffff - view.getUint32(4);
  return {
    key: unescape(row.subarray(ID_BYTES, end - SEPARATOR_BYTES)),
    sequence: high * 0x1_0000_0000 + low,
  };
}

export function unescape(escaped: Uint8Array): string {
  if (!escaped.includes(0)) return decoder.decode(escaped);
  const out: number[] = [];
  for (let i = 0; i < escaped.length; i++) {
    const byte = escaped[i] ?? 0;
    out.push(byte);
    if (byte === 0) i++;
  }
  return decoder.decode(Uint8Array.from(out));
}

export function versionKey(pointer: Uint8Array, sequence: number): Uint8Array {
  const out = new Uint8Array(pointer.length + SEPARATOR_BYTES + SEQUENCE_BYTES);
  out.set(pointer, 0);
  const view = new DataView(out.buffer, pointer.length + SEPARATOR_BYTES);
  view.setUint32(0, 0xffff_ffff - Math.floor(sequence / 0x1_0000_0000));
  view.setUint32(4, 0xffff_ffff - (sequence % 0x1_0000_0000));
  return out;
}

/** The range [from, to) of a key's version rows, newest first. */
export function versionRange(pointer: Uint8Array): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const from = new Uint8Array(pointer.length + SEPARATOR_BYTES);
  from.set(pointer, 0);
  const to = new Uint8Array(from);
  to[to.length - 1] = 1;
  return { from, to };
}

export function inlineKey(content: ContentId, index: number): Uint8Array {
  const out = new Uint8Array(ID_BYTES + 2);
  out.set(content, 0);
  out[ID_BYTES] = index >>> 8;
  out[ID_BYTES + 1] = index;
  return out;
}

/** `streams`: pages of manifest entries; `locations`: where each stream lies and its CRC32C. */
export function pageKey(content: ContentId, kind: "streams" | "locations", index: number): Uint8Array {
  const out = new Uint8Array(ID_BYTES + 3);
  out.set(content, 0);
  out[ID_BYTES] = kind === "streams" ? 0 : 1;
  out[ID_BYTES + 1] = index >>> 8;
  out[ID_BYTES + 2] = index;
  return out;
}

export function epochKey(bucket: BucketId, epoch: number): Uint8Array {
  const out = new Uint8Array(ID_BYTES + 4);
  out.set(bucket, 0);
  new DataView(out.buffer).setUint32(ID_BYTES, 0xffff_ffff - epoch);
  return out;
}

export function epochOfKey(row: Uint8Array): number {
  return 0xffff_ffff - new DataView(row.buffer, row.byteOffset).getUint32(ID_BYTES);
}

/** The first key after all rows that begin with `prefix`; undefined if there is none (all FF). */
export function after(prefix: Uint8Array): Uint8Array | undefined {
  for (let end = prefix.length; end > 0; end--) {
    const last = prefix[end - 1] ?? 0;
    if (last === 0xff) continue;
    const out = prefix.slice(0, end);
    out[end - 1] = last + 1;
    return out;
  }
  return undefined;
}
