/**
 * Background work on uploads. The collector's: parts and pages that an ended upload leaves behind, and its row in the end.
 * The operator's: aborting what was abandoned, and the age of the oldest open upload.
 */
import {
  COMPLETED_AGE_MAX_MS,
  ENDED_REMOVALS_PER_ROUND,
  ENDED_ROWS_PER_ROUND,
  PARTS_CLEARED_PER_COMMIT,
  UPLOAD_ROWS_PER_SCAN,
} from "../../base/limits.ts";
import type { BlobId, BucketId, ContentId } from "../../base/ids.ts";
import { type DamagedRows, NO_DAMAGE } from "../../store/damaged-rows.ts";
import type { Lease } from "../../store/lease.ts";
import type { RowKey } from "../../store/port.ts";
import { type Entry, unchanged } from "../../store/records.ts";
import { commitSettled } from "../../store/retry.ts";
import { trashRows } from "../../store/trash.ts";
import type { Core } from "../core.ts";
import { after } from "../rows/row-keys.ts";
import { endAborted } from "./abort.ts";
import { type Ended, endedCodec, isUsed } from "./ended-record.ts";
import { partCodec } from "./part-record.ts";
import { initiatedMs, partNumberOf, splitUploadKey, type UploadUid } from "./upload-keys.ts";
import { uploadCodec } from "./upload-record.ts";

/** For `CollectorOptions.jobs`: one bounded round a tick. */
export class EndedUploads {
  readonly #core: Core;
  readonly #damaged: DamagedRows;
  #after: Uint8Array | undefined;

  constructor(core: Core, damaged: DamagedRows = NO_DAMAGE) {
    this.#core = core;
    this.#damaged = damaged;
  }

  /** How many rows it removed. */
  async collect(lease: Lease): Promise<number> {
    const { records } = this.#core;
    const page = await records.store.scan({
      table: "ended",
      from: new Uint8Array(),
      ...(this.#after === undefined ? {} : { after: this.#after }),
      limit: ENDED_ROWS_PER_ROUND,
    });
    this.#after = page.more ? page.rows.at(-1)?.key : undefined;
    let removed = 0;
    for (const row of page.rows) {
      const ended = await this.#damaged.passOver({ table: "ended", key: row.key }, async () =>
        this.#finish(lease, await records.open(endedCodec, "ended", row, false)),
      );
      removed += ended ?? 0;
      if (removed < ENDED_REMOVALS_PER_ROUND) continue;
      // Enough for one hold of the lease: the next round goes on here.
      this.#after = row.key;
      break;
    }
    return removed;
  }

  async #finish(lease: Lease, entry: Entry<Ended>): Promise<number> {
    let current = entry;
    let removed = 0;
    if (!entry.value.cleared) {
      const parts = await this.#clearParts(lease, entry);
      const pages = parts.done ? await this.#clearPages(lease, entry) : undefined;
      removed = parts.removed + (pages ?? 0);
      // Left for the next round, or for the process that has the lease now.
      if (pages === undefined) return removed;
      if (entry.value.how.kind === "completed") {
        const value = { ...entry.value, cleared: true };
        const rev = await this.#mark(lease, entry, value);
        if (rev === undefined) return removed;
        current = { ...entry, value, rev };
      }
    }
    const { how, endedMs } = current.value;
    // A completed one is kept for a repeated Complete.
    if (how.kind === "completed" && this.#core.clock.now() - endedMs < COMPLETED_AGE_MAX_MS) return removed;
    const settled = await commitSettled(this.#core.records.store, {
      expect: [lease.expect, unchanged(current)],
      delete: [{ table: "ended", key: current.key }],
    });
    return removed + (settled.kind === "ok" ? 1 : 0);
  }

  async #mark(lease: Lease, entry: Entry<Ended>, value: Ended): Promise<Entry<Ended>["rev"] | undefined> {
    const settled = await commitSettled(this.#core.records.store, {
      expect: [lease.expect, unchanged(entry)],
      put: [this.#core.records.seal(endedCodec, "ended", entry.key, value)],
    });
    return settled.kind === "ok" ? settled.rev : undefined;
  }

  /** The rows of used parts go, their blobs are the version's; of the others the blobs go, too. */
  async #clearParts(
    lease: Lease,
    entry: Entry<Ended>,
  ): Promise<{ readonly removed: number; readonly done: boolean }> {
    const { records } = this.#core;
    const { how } = entry.value;
    const to = after(entry.key);
    let removed = 0;
    for (;;) {
      const { rows, more } = await records.store.scan({
        table: "part",
        from: entry.key,
        ...(to === undefined ? {} : { to }),
        limit: PARTS_CLEARED_PER_COMMIT,
      });
      if (rows.length === 0) return { removed, done: true };
      const blobs: BlobId[] = [];
      for (const row of rows) {
        if (how.kind === "completed" && isUsed(how.used, partNumberOf(row.key))) continue;
        const { location } = (await records.open(partCodec, "part", row, false)).value;
        if (location.blob !== undefined) blobs.push(location.blob);
      }
      const settled = await commitSettled(records.store, {
        expect: [lease.expect, unchanged(entry)],
        put: trashRows(records, { blobs }, await records.store.now(), 0),
        delete: rows.map(({ key }): RowKey => ({ table: "part", key })),
      });
      if (settled.kind === "conflict") return { removed, done: false };
      removed += rows.length;
      if (!more) return { removed, done: true };
    }
  }

  /** Pages that a cut Complete wrote and no version uses. Undefined where that did not get through. */
  async #clearPages(lease: Lease, entry: Entry<Ended>): Promise<number | undefined> {
    const { records } = this.#core;
    const { contentId, how } = entry.value;
    const used = how.kind === "completed" ? how.pagesUsed : 0;
    const rows = (await pagesOf(this.#core, contentId)).filter((key) => pageIndexOf(key) >= used);
    for (let at = 0; at < rows.length; at += PARTS_CLEARED_PER_COMMIT) {
      const chunk = rows.slice(at, at + PARTS_CLEARED_PER_COMMIT);
      const settled = await commitSettled(records.store, {
        expect: [lease.expect, unchanged(entry)],
        delete: chunk.map((key): RowKey => ({ table: "page", key })),
      });
      if (settled.kind === "conflict") return undefined;
    }
    return rows.length;
  }
}

/** At most 80: forty pages of streams, forty of locations. */
async function pagesOf(core: Core, contentId: ContentId): Promise<readonly Uint8Array[]> {
  const to = after(contentId);
  const range = to === undefined ? { from: contentId } : { from: contentId, to };
  const { rows } = await core.records.store.scan({ table: "page", ...range, limit: 200, keysOnly: true });
  return rows.map(({ key }) => key);
}

const pageIndexOf = (key: Uint8Array): number => (key.at(-2) ?? 0) * 256 + (key.at(-1) ?? 0);

/** `uploads abort --older-than`: aborts what was initiated before a time, in one bucket or in all. Returns how many. */
export async function abortOlderThan(
  core: Core,
  beforeMs: number,
  options: { readonly bucket?: BucketId; readonly onProgress?: (aborted: number) => void } = {},
): Promise<number> {
  let aborted = 0;
  for await (const { key, uid } of openUploads(core, options.bucket)) {
    if (initiatedMs(uid) >= beforeMs) continue;
    const entry = await core.records.get(uploadCodec, "upload", key);
    // Gone or changed meanwhile: somebody is at work on it.
    if (entry === undefined || (await endAborted(core, [{ uid, entry }])).kind !== "ok") continue;
    aborted++;
    options.onProgress?.(aborted);
  }
  return aborted;
}

/** For the age metric: when the oldest open upload was initiated; undefined if there is none. Reads keys only. */
export async function oldestUploadMs(core: Core): Promise<number | undefined> {
  let oldest: number | undefined;
  for await (const { uid } of openUploads(core, undefined)) {
    const ms = initiatedMs(uid);
    if (oldest === undefined || ms < oldest) oldest = ms;
  }
  return oldest;
}

/** Every open upload of a bucket or of all; reads keys only. */
export async function* openUploads(
  core: Core,
  bucket: BucketId | undefined,
): AsyncGenerator<{ readonly key: Uint8Array; readonly uid: UploadUid }> {
  const to = bucket === undefined ? undefined : after(bucket);
  let last: Uint8Array | undefined;
  for (let more = true; more; ) {
    const page = await core.records.store.scan({
      table: "upload",
      from: bucket ?? new Uint8Array(),
      ...(to === undefined ? {} : { to }),
      ...(last === undefined ? {} : { after: last }),
      limit: UPLOAD_ROWS_PER_SCAN,
      keysOnly: true,
    });
    for (const { key } of page.rows) yield { key, uid: splitUploadKey(key).uid };
    last = page.rows.at(-1)?.key;
    more = page.more;
  }
}
