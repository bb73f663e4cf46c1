/**
 * The `life` row of a bucket: active or being deleted. Every commit that publishes something in a bucket expects it, so
 * that nothing appears in a bucket that was found empty and is going away. It changes only on creation and deletion;
 * its revision, once seen active, saves opening it again.
 */
import { Reader } from "@strongroom/crypto";
import { fail } from "../../base/errors.ts";
import type { BucketId, Rev } from "../../base/ids.ts";
import { LIFE_ROWS_CACHED_MAX } from "../../base/limits.ts";
import type { Expect, Row, RowKey, Store } from "../../store/port.ts";
import { sameRev, type SealedRows } from "./sealed-rows.ts";

export type LifeState = "active" | "deleting";
const FORMAT = 1;

export const encodeLife = (state: LifeState): Uint8Array => Uint8Array.of(FORMAT, state === "active" ? 1 : 2);

export function decodeLife(body: Uint8Array): LifeState {
  const reader: Reader = new Reader(body, "life record");
  if (reader.u8() !== FORMAT) reader.fail("unknown format");
  const state = reader.u8();
  reader.end();
  if (state === 1) return "active";
  return state === 2 ? "deleting" : reader.fail("unknown state");
}

export const lifeRow = (bucket: BucketId): RowKey => ({ table: "life", key: bucket });

export class LifeRows {
  readonly #store: Store;
  readonly #rows: SealedRows;
  readonly #active = new Map<string, Rev>();

  constructor(store: Store, rows: SealedRows) {
    this.#store = store;
    this.#rows = rows;
  }

  /** The condition for a publishing commit, from the row as just read. Throws NoSuchBucket unless it is active. */
  expectFrom(bucket: BucketId, row: Row | undefined): Expect {
    if (row === undefined) fail("NoSuchBucket");
    const name = Buffer.from(bucket).toString("latin1");
    const seen = this.#active.get(name);
    if (seen === undefined || !sameRev(seen, row.rev)) {
      if (decodeLife(this.#rows.open("life", row)) !== "active") fail("NoSuchBucket");
      if (this.#active.size >= LIFE_ROWS_CACHED_MAX) this.#active.clear();
      this.#active.set(name, row.rev);
    }
    return { table: "life", key: bucket, rev: row.rev };
  }

  async expectActive(bucket: BucketId): Promise<Expect> {
    const [row] = await this.#store.get([lifeRow(bucket)]);
    return this.expectFrom(bucket, row);
  }
}
