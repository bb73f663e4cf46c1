/**
 * Where the trail's files lie: `<directory>/<stream>/<number>.seg` and `.idx`. A file is only ever written by the process
 * whose stream it is, and never again once that process has ended.
 */
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  statfs,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { randomBytes, TRAIL_TAG_BYTES } from "@strongroom/crypto";
import { TRAIL_RESERVE_BYTES } from "../base/limits.ts";
import { hexOf } from "../store/key-order.ts";
import { SEGMENT_HEADER_BYTES } from "./format.ts";
import { SyncedFile, type TrailFile } from "./synced-file.ts";

const SEGMENT = /^([0-9]{8})\.seg$/;
const STREAM = /^[0-9a-f]{32}$/;
const nameOf = (number: number, kind: "seg" | "idx"): string => `${String(number).padStart(8, "0")}.${kind}`;

export class TrailFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  path(stream: string, number: number, kind: "seg" | "idx"): string {
    return join(this.directory, stream, nameOf(number, kind));
  }

  /** Hex ids, in no order. */
  async streams(): Promise<readonly string[]> {
    return (await list(this.directory)).filter((name) => STREAM.test(name));
  }

  /** Numbers of a stream's segments, ascending. */
  async segments(stream: string): Promise<readonly number[]> {
    const names = await list(join(this.directory, stream));
    return names
      .flatMap((name) => (SEGMENT.test(name) ? [Number(name.slice(0, 8))] : []))
      .toSorted((a, b) => a - b);
  }

  /** A new file, durable with its name once `header` is in. */
  async create(stream: string, number: number, header: Uint8Array): Promise<TrailFile> {
    const directory = join(this.directory, stream);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = this.path(stream, number, "seg");
    // A try before this one may have left a file without a record: nothing else can be under this name.
    const file = await SyncedFile.create(path);
    try {
      await file.write(header, 0);
      for (const parent of [directory, this.directory]) await syncPath(parent);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  open(stream: string, number: number): Promise<FileHandle> {
    return open(this.path(stream, number, "seg"), "r");
  }

  /**
   * A segment from `from` on, as it was at one time: of frames that are being written only the last may lack something. Room
   * behind them is left out but for its first bytes.
   */
  async read(stream: string, number: number, from = 0): Promise<Uint8Array> {
    const file = await this.open(stream, number);
    try {
      const { size } = await file.stat();
      const bytes = new Uint8Array(Math.max(0, size - from));
      const there = await readInto(file, bytes, from);
      // One call may have found a frame, and the call before it not yet the frame before. Read again, both are there. A
      // frame may end in zeros, as many as its tag has, and a header does.
      const end = Math.min(there, endOf(bytes.subarray(0, there)) + TRAIL_TAG_BYTES);
      return bytes.subarray(0, await readInto(file, bytes.subarray(0, end), from));
    } finally {
      await file.close();
    }
  }

  /** A segment's header, as it stands in clear; undefined where there is none whole. */
  async header(stream: string, number: number): Promise<Uint8Array | undefined> {
    let file: FileHandle;
    try {
      file = await this.open(stream, number);
    } catch {
      return undefined;
    }
    try {
      const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
      return (await readInto(file, bytes, 0)) === bytes.length ? bytes : undefined;
    } finally {
      await file.close();
    }
  }

  async writeIndex(stream: string, number: number, bytes: Uint8Array): Promise<void> {
    const path = this.path(stream, number, "idx");
    // Two processes may make the same index.
    const temporary = `${path}.${hexOf(randomBytes(4))}`;
    await writeFile(temporary, bytes, { mode: 0o600 });
    await rename(temporary, path).catch(async (error: unknown) => {
      await rm(temporary, { force: true });
      throw error;
    });
  }

  /** A segment and its index. */
  async remove(stream: string, number: number): Promise<void> {
    for (const kind of ["idx", "seg"] as const) await rm(this.path(stream, number, kind), { force: true });
  }

  /** Of a stream that has ended. */
  async removeEmpty(stream: string): Promise<void> {
    await rmdir(join(this.directory, stream)).catch((error: unknown) => {
      if (
        error instanceof Error &&
        "code" in error &&
        (error.code === "ENOENT" || error.code === "ENOTEMPTY")
      )
        return;
      throw error;
    });
  }

  /** Throws when the disk is so full that only deletes and checkpoints should still write. */
  async requireSpace(): Promise<void> {
    const { bavail, bsize, blocks } = await statfs(this.directory);
    const reserve = Math.min(TRAIL_RESERVE_BYTES, (blocks * bsize) / 100);
    if (bavail * bsize < reserve) throw new Error("no space is left for the audit trail");
  }
}

/** Returns how many bytes there were. */
export async function readInto(file: FileHandle, into: Uint8Array, at: number): Promise<number> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, at + done);
    if (bytesRead === 0) return done;
    done += bytesRead;
  }
  return into.length;
}

/** How long they are without the zeros at their end. */
export function endOf(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

async function list(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** Of a file or a directory. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
