/**
 * What the lists have in common: positions in the key space of a bucket, and pages of a bounded size. Prefixes, delimiters
 * and markers are escaped like the keys themselves (row-keys.ts), so order and grouping are decided on stored bytes.
 */
import type { BucketId } from "../../base/ids.ts";
import { ESCAPED_KEY_BYTES_MAX, LIST_CHUNK_ROWS } from "../../base/limits.ts";
import { escapeText } from "../rows/row-keys.ts";
import { concat } from "../../store/key-bytes.ts";

/** Between an escaped key and what follows it in a row key; no escaped key contains it. */
export const SEPARATOR: Uint8Array = new Uint8Array(2);

/** bucketId || escaped text; a text longer than any key is cut, which keeps its place in the order of keys. */
export function placeOfText(bucket: BucketId, text: string): Uint8Array {
  return concat(bucket, escapeText(text).subarray(0, ESCAPED_KEY_BYTES_MAX));
}

/** Whether any key can begin with this text. */
export const fitsKeys = (text: string): boolean => escapeText(text).length <= ESCAPED_KEY_BYTES_MAX;

/** Rows of the next read: a page is read and opened in pieces, so that one list never holds up everybody else. */
export const chunkOf = (left: number): number => Math.min(left, LIST_CHUNK_ROWS);

/** Lets other requests run between two pieces. */
export const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));
