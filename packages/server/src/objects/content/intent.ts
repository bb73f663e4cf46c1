/**
 * The intent row of blobs being written (sealed format section 9): committed before their first byte, expected and
 * deleted by the commit that publishes them. A crash leaves it to the collector; a failure here turns it into trash.
 */
import { fail } from "../../base/errors.ts";
import { type BlobId, newRev, type Rev } from "../../base/ids.ts";
import { COMMIT_RETRIES_MAX, INTENT_AGE_MAX_MS } from "../../base/limits.ts";
import type { RowKey } from "../../store/port.ts";
import type { Records } from "../../store/records.ts";
import { intentRow, newIntentKey, trashRows } from "../../store/trash.ts";
import type { CommitParts } from "../rows/commit-parts.ts";
import { sameBytes } from "../rows/content-record.ts";

/** Well before it counts as abandoned. */
const RENEW_MS = INTENT_AGE_MAX_MS / 6;

export class Intent {
  readonly #records: Records;
  readonly #blobs: readonly BlobId[];
  readonly #key: Uint8Array;
  #rev: Rev;
  #renewedMs: number;

  private constructor(records: Records, blobs: readonly BlobId[], key: Uint8Array, rev: Rev, nowMs: number) {
    this.#records = records;
    this.#blobs = blobs;
    this.#key = key;
    this.#rev = rev;
    this.#renewedMs = nowMs;
  }

  static async begin(records: Records, blobs: readonly BlobId[]): Promise<Intent> {
    const key = newIntentKey();
    const nowMs = await records.store.now();
    const put = intentRow(records, key, blobs, nowMs);
    for (let tries = 0; tries < COMMIT_RETRIES_MAX; tries++) {
      const id = newRev();
      // No condition: the key is new, so a lost answer is settled by writing it again.
      const result = await records.store.commit({ id, put: [put] });
      if (result.kind === "ok") return new Intent(records, blobs, key, id, nowMs);
    }
    fail("SlowDown");
  }

  /** For the publishing commit. */
  get parts(): CommitParts {
    return { expect: [{ ...this.#row, rev: this.#rev }], put: [], delete: [this.#row] };
  }

  get #row(): RowKey {
    return { table: "intent", key: this.#key };
  }

  /** Passes a body through and renews the intent as time goes by. */
  async *renewing(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      if (Date.now() - this.#renewedMs > RENEW_MS) await this.#renew();
      yield chunk;
    }
  }

  async #renew(): Promise<void> {
    const nowMs = await this.#records.store.now();
    const id = newRev();
    const result = await this.#records.store.commit({
      id,
      expect: [{ ...this.#row, rev: this.#rev }],
      put: [intentRow(this.#records, this.#key, this.#blobs, nowMs)],
    });
    if (result.kind === "conflict") fail("RequestTimeout");
    if (result.kind === "unknown") {
      const [row] = await this.#records.store.get([this.#row]);
      // Another revision is the collector's, who has condemned it.
      if (row === undefined || !(sameBytes(row.rev, id) || sameBytes(row.rev, this.#rev))) {
        fail("RequestTimeout");
      }
      // Not renewed: the next chunk tries again.
      if (!sameBytes(row.rev, id)) return;
    }
    this.#rev = id;
    this.#renewedMs = nowMs;
  }

  /** After a lost answer: gone means that the publishing commit took it (the collector would have needed an hour). */
  async gone(): Promise<boolean> {
    const [row] = await this.#records.store.get([this.#row]);
    return row === undefined;
  }

  /** Gives up; never throws. What cannot be cleared now is the collector's. */
  async abandon(blobsWritten: boolean): Promise<void> {
    try {
      const put = blobsWritten
        ? trashRows(this.#records, { blobs: this.#blobs }, await this.#records.store.now(), 0)
        : [];
      await this.#records.store.commit({ id: newRev(), ...this.parts, put });
    } catch (error) {
      // The first failure is the one that the caller reports; this row is found again by its age.
      void error;
    }
  }
}
