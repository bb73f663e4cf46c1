/**
 * When an access key was last used, coarsely: a key's first use in a process, then at most one small write in fifteen
 * minutes. Never in the way of a request, and never a reason for one to fail.
 */
import type { Log } from "../base/log.ts";
import { isFresh } from "../base/clock.ts";
import { CREDENTIALS_HELD_MAX, LAST_USE_INTERVAL_MS } from "../base/limits.ts";
import { newRev } from "../base/ids.ts";
import type { Directory } from "./directory.ts";
import { lastUseCodec, lastUseRow } from "./entity-records.ts";

export class LastUses {
  readonly #directory: Directory;
  readonly #log: Log;
  readonly #notedMs = new Map<string, number>();

  constructor(directory: Directory, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Long-term keys only: temporary ones live in no record. */
  note(accessKeyId: string, service: string, region: string): void {
    const now = this.#directory.clock.now();
    const before = this.#notedMs.get(accessKeyId);
    if (before !== undefined && isFresh(before, now, LAST_USE_INTERVAL_MS)) return;
    if (accessKeyId.startsWith("ASIA")) return;
    if (this.#notedMs.size >= CREDENTIALS_HELD_MAX) this.#notedMs.clear();
    this.#notedMs.set(accessKeyId, now);
    void this.#write(accessKeyId, { atMs: now, service, region }).catch((error: unknown) => {
      this.#log.warn("an access key's last use could not be noted", { accessKeyId, error });
    });
  }

  /** Another process may have noted a later use; a minute more or less is within what is promised. */
  async #write(
    accessKeyId: string,
    use: { readonly atMs: number; readonly service: string; readonly region: string },
  ): Promise<void> {
    const { records } = this.#directory;
    if (records.store.writable().kind !== "ok") return;
    const row = lastUseRow(accessKeyId);
    await records.store.commit({ id: newRev(), put: [records.seal(lastUseCodec, row.table, row.key, use)] });
  }
}
