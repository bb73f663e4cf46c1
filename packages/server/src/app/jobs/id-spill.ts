/**
 * Sets of 16-byte ids that may be larger than memory, for `verify`: ids are random, so their first byte spreads them over
 * 256 files of a temporary directory, of which one is in memory at a time. The ids are no secrets.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ID_BYTES = 16;
const BUFFERED_IDS = 256;

export class IdSpill {
  readonly #directory = mkdtempSync(join(tmpdir(), "strongroom-verify-"));
  readonly #buffers: Buffer[] = Array.from({ length: 256 }, () => Buffer.alloc(0));
  readonly #used: number[] = Array.from({ length: 256 }, () => 0);
  readonly #spilt = new Set<number>();

  add(id: Uint8Array): void {
    const shard = id[0] ?? 0;
    let buffer = this.#buffers[shard] ?? Buffer.alloc(0);
    if (buffer.length === 0) {
      buffer = Buffer.allocUnsafeSlow(BUFFERED_IDS * ID_BYTES);
      this.#buffers[shard] = buffer;
    }
    const used = this.#used[shard] ?? 0;
    buffer.set(id, used);
    this.#used[shard] = used + ID_BYTES;
    if (used + ID_BYTES < buffer.length) return;
    appendFileSync(this.#path(shard), buffer);
    this.#spilt.add(shard);
    this.#used[shard] = 0;
  }

  /** The ids that begin with this byte, in hex. */
  shard(byte: number): Set<string> {
    const found = new Set<string>();
    const take = (bytes: Buffer): void => {
      for (let at = 0; at + ID_BYTES <= bytes.length; at += ID_BYTES)
        found.add(bytes.toString("hex", at, at + ID_BYTES));
    };
    if (this.#spilt.has(byte)) take(readFileSync(this.#path(byte)));
    take((this.#buffers[byte] ?? Buffer.alloc(0)).subarray(0, this.#used[byte]));
    return found;
  }

  /** Those of `this` that are not in `other`. */
  *without(other: IdSpill): Generator<string> {
    for (let byte = 0; byte < 256; byte++) {
      const theirs = other.shard(byte);
      for (const id of this.shard(byte)) if (!theirs.has(id)) yield id;
    }
  }

  #path(shard: number): string {
    return join(this.#directory, shard.toString(16).padStart(2, "0"));
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
