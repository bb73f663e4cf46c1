/** Streams a range of a blob's file: two buffers from the pool, the next read under way while a chunk is in use. */
import { fstatSync } from "node:fs";
import { IntegrityError } from "../../base/errors.ts";
import { BLOB_BUFFER_BYTES } from "../../base/limits.ts";
import { giveBuffer, takeBuffer } from "./buffer-pool.ts";
import { closeFile, codeOf, openFile, readAt } from "./file.ts";

/** Ranges up to this get a buffer of their own: allocating it is cheaper than holding a large one. */
const SMALL_BYTES = 32 * 1024;

export async function* readBlob(
  path: string,
  from: number,
  to: number,
  wanted?: number,
): AsyncGenerator<Uint8Array> {
  const fd = await openBlob(path);
  try {
    // An open file's size is in memory: asked for at once, it costs less than a turn of a thread.
    if (wanted !== undefined && fstatSync(fd).size !== wanted)
      throw new IntegrityError(`blob ${path} has another size than ${wanted}`);
    if (to - from <= SMALL_BYTES) {
      const bytes = new Uint8Array(to - from);
      await fill(fd, path, bytes, bytes.length, from);
      if (bytes.length > 0) yield bytes;
      return;
    }
    yield* readAhead(fd, path, from, to);
  } finally {
    await closeFile(fd);
  }
}

async function* readAhead(fd: number, path: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  let current = takeBuffer();
  let other = takeBuffer();
  const size = (position: number): number => Math.min(BLOB_BUFFER_BYTES, to - position);
  let reading = fill(fd, path, current, size(from), from);
  try {
    for (let position = from; position < to; ) {
      await reading;
      const length = size(position);
      position += length;
      if (position < to) {
        reading = fill(fd, path, other, size(position), position);
        reading.catch(ignore);
      }
      yield current.subarray(0, length);
      [current, other] = [other, current];
    }
  } finally {
    // The kernel may still be writing into a buffer; it goes back only afterwards.
    await reading.catch(ignore);
    giveBuffer(current);
    giveBuffer(other);
  }
}

async function openBlob(path: string): Promise<number> {
  try {
    return await openFile(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") throw new IntegrityError(`blob ${path} is missing`, error);
    throw error;
  }
}

async function fill(fd: number, path: string, into: Uint8Array, length: number, from: number): Promise<void> {
  const count = await readAt(fd, into, length, from).catch((error: unknown) => {
    // Its own fault, as a byte that has changed: other blobs can be read, and writing goes on.
    if (codeOf(error) === "EIO") throw new IntegrityError(`blob ${path} can't be read`, error);
    throw error;
  });
  if (count < length) throw new IntegrityError(`blob ${path} is short`);
}

/** Awaited in the loop, where it throws. */
const ignore = (): void => undefined;
