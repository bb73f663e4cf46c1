/**
 * Intent and trash rows (sealed format, section 9). An intent names blobs that are being written: the commit that
 * publishes them expects and deletes it. A trash row names blobs, and rows of sealed bytes, that nothing references any
 * more: the commit that removed the last reference puts it.
 */
import { IntegrityError } from "../base/errors.ts";
import { asId, type BlobId, newRev } from "../base/ids.ts";
import { INTENT_AGE_MAX_MS, TRASH_BLOBS_MAX, TRASH_GRACE_MS, TRASH_ROWS_MAX } from "../base/limits.ts";
import type { Codec } from "./codec.ts";
import { BodyReader, concat, u32, u64 } from "./key-bytes.ts";
import { type Put, type RowKey, TABLES } from "./port.ts";
import type { Records } from "./records.ts";

/** Trash keys begin with one of this many shard bytes, so that the time behind it makes no single hot range. */
export const TRASH_SHARDS = 16;

export interface Garbage {
  /** Condemned rows may only be deleted, blobs first: whoever expected the row before conflicts. */
  readonly condemned: boolean;
  readonly blobs: readonly BlobId[];
  /** Rows to delete with it, for example in `inline` and `page`. */
  readonly rows: readonly RowKey[];
  /** Intents: when it counts as abandoned. Trash: when readers have had their time. */
  readonly dueMs: number;
}

/** version(1) || condemned(1) || dueMs(8) || blobs: count(4), ids || rows: count(4), LP(table), LP(key) */
export const garbageCodec: Codec<Garbage> = {
  version: 1,
  encode: ({ condemned, blobs, rows, dueMs }) =>
    concat(
      Uint8Array.of(1, condemned ? 1 : 0),
      u64(dueMs),
      u32(blobs.length),
      ...blobs,
      u32(rows.length),
      ...rows.flatMap(({ table, key }) => [
        u32(table.length),
        new TextEncoder().encode(table),
        u32(key.length),
        key,
      ]),
    ),
  decode: (body) => {
    const reader = new BodyReader(body, "an intent or trash row");
    reader.version(1);
    const condemned = reader.u8() === 1;
    const dueMs = reader.u64();
    const blobs = Array.from({ length: reader.u32() }, () => asId<BlobId>(new Uint8Array(reader.take(16))));
    const rows = Array.from({ length: reader.u32() }, () => {
      const name = new TextDecoder().decode(reader.take(reader.u32()));
      const table = TABLES.find((t) => t === name);
      if (table === undefined) throw new IntegrityError("a trash row names an unknown table");
      return { table, key: new Uint8Array(reader.take(reader.u32())) };
    });
    reader.end();
    return { condemned, blobs, rows, dueMs };
  },
};

/** A new key for an intent; it stays the same when the intent is renewed. */
export const newIntentKey = (): Uint8Array => newRev();

/** The row to commit before the first byte of these blobs is written, and again to renew it. */
export function intentRow(records: Records, key: Uint8Array, blobs: readonly BlobId[], nowMs: number): Put {
  const garbage = { condemned: false, blobs, rows: [], dueMs: nowMs + INTENT_AGE_MAX_MS };
  return records.seal(garbageCodec, "intent", key, garbage);
}

/** The rows to put into the commit that removes the last reference: one for most objects, more for many parts. */
export function trashRows(
  records: Records,
  what: { readonly blobs?: readonly BlobId[]; readonly rows?: readonly RowKey[] },
  nowMs: number,
  graceMs: number = TRASH_GRACE_MS,
): Put[] {
  const blobs = what.blobs ?? [];
  const rows = what.rows ?? [];
  const count = Math.max(Math.ceil(blobs.length / TRASH_BLOBS_MAX), Math.ceil(rows.length / TRASH_ROWS_MAX));
  const dueMs = nowMs + graceMs;
  return Array.from({ length: count }, (_, i) => {
    const random = newRev();
    const key = concat(Uint8Array.of((random[0] ?? 0) % TRASH_SHARDS), u64(dueMs), random);
    return records.seal(garbageCodec, "trash", key, {
      condemned: false,
      blobs: blobs.slice(i * TRASH_BLOBS_MAX, (i + 1) * TRASH_BLOBS_MAX),
      rows: rows.slice(i * TRASH_ROWS_MAX, (i + 1) * TRASH_ROWS_MAX),
      dueMs,
    });
  });
}

/** The keys of a shard's trash that is due. */
export const dueTrash = (shard: number, nowMs: number): { from: Uint8Array; to: Uint8Array } => ({
  from: Uint8Array.of(shard),
  to: concat(Uint8Array.of(shard), u64(nowMs + 1)),
});
