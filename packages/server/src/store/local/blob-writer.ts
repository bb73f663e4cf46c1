/** Fills a blob's temporary file: chunks are gathered into large writes, one under way while the next is gathered. */
import { crc32c } from "@node-rs/crc32";
import { assert } from "../../base/errors.ts";
import { BLOB_BUFFER_BYTES } from "../../base/limits.ts";
import { giveBuffer, takeBuffer } from "./buffer-pool.ts";
import { writeAt } from "./file.ts";

export interface Written {
  readonly size: number;
  readonly crc32c: number;
}

/** Writes all of `bytes`, unsynced. `onProgress` runs before each large write and may throw to stop. */
export async function fillFile(
  fd: number,
  bytes: AsyncIterable<Uint8Array>,
  size: number | undefined,
  onProgress: () => void,
): Promise<Written> {
  let buffer = takeBuffer();
  let other = takeBuffer();
  let used = 0;
  let position = 0;
  let crc = 0;
  let total = 0;
  let writing: Promise<void> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await writing;
    onProgress();
    writing = writeAt(fd, buffer, used, position);
    writing.catch(ignore);
    position += used;
    used = 0;
    [buffer, other] = [other, buffer];
  };
  try {
    for await (const chunk of bytes) {
      total += chunk.length;
      assert(size === undefined || total <= size, "a blob is of the announced size");
      crc = crc32c(chunk, crc);
      for (let taken = 0; taken < chunk.length; ) {
        const piece = Math.min(chunk.length - taken, BLOB_BUFFER_BYTES - used);
        buffer.set(piece === chunk.length ? chunk : chunk.subarray(taken, taken + piece), used);
        used += piece;
        taken += piece;
        if (used === BLOB_BUFFER_BYTES) await flush();
      }
    }
    assert(size === undefined || total === size, "a blob is of the announced size");
    if (used > 0) await flush();
    await writing;
    return { size: total, crc32c: crc };
  } finally {
    // The kernel may still be reading from a buffer; it goes back only afterwards.
    await writing.catch(ignore);
    giveBuffer(buffer);
    giveBuffer(other);
  }
}

/** Awaited before the next write and at the end, where it throws. */
const ignore = (): void => undefined;
