/** Watches free space: writes are refused early, while LMDB can still commit the deletes that make room again. */
import { statfs } from "node:fs/promises";
import {
  SPACE_RESERVE_BYTES_MAX,
  SPACE_RESERVE_BYTES_MIN,
  SPACE_RESERVE_FRACTION,
  SPACE_RESERVE_FRACTION_MAX,
} from "../../base/limits.ts";

/** max(1 GiB, 5 %), but never more than 10 % of a small disk or 10 GiB of a large one. */
export function reserveBytes(totalBytes: number): number {
  const wanted = Math.max(SPACE_RESERVE_BYTES_MIN, totalBytes * SPACE_RESERVE_FRACTION);
  return Math.min(wanted, SPACE_RESERVE_BYTES_MAX, totalBytes * SPACE_RESERVE_FRACTION_MAX);
}

export class SpaceWatch {
  readonly #path: string;
  readonly #reserveBytes: number | undefined;
  readonly #timer: NodeJS.Timeout;
  #freeBytes = Infinity;
  #full = false;

  constructor(path: string, reserve: number | undefined, intervalMs: number) {
    this.#path = path;
    this.#reserveBytes = reserve;
    this.#timer = setInterval(() => void this.check(), intervalMs).unref();
  }

  get full(): boolean {
    return this.#full;
  }
  get freeBytes(): number {
    return this.#freeBytes;
  }

  async check(): Promise<void> {
    try {
      const { bavail, blocks, bsize } = await statfs(this.#path);
      const reserve = this.#reserveBytes ?? reserveBytes(blocks * bsize);
      this.#freeBytes = bavail * bsize;
      // A little slack, so that a disk at the edge doesn't flap.
      this.#full = this.#freeBytes < (this.#full ? reserve * 1.05 : reserve);
    } catch {
      // A file system that cannot tell (or is gone) shows itself by its write errors.
      this.#full = false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
