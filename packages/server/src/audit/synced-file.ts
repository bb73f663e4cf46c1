/**
 * A segment file that is written from front to back, each frame durable before the next begins. Frames go where zeros
 * stand already: a write that makes a file longer waits for the file's length and the place of its blocks besides, which
 * takes twice as long. The zeros are written ahead, while nobody waits, and cut off at the end.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { TRAIL_ROOM_BYTES_MAX, TRAIL_ROOM_BYTES_MIN } from "../base/limits.ts";

/** An open segment that grows. */
export interface TrailFile {
  /** Durable when it resolves. Writing again at the same place is allowed after a failure. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Leaves the file as long as what was written. */
  close(): Promise<void>;
}

/** A write is durable when it returns: one call to another thread for each frame, where writing and syncing take two. */
const { O_CREAT, O_TRUNC, O_WRONLY } = constants;
const O_DSYNC: number | undefined = constants.O_DSYNC;
const SYNCED = O_WRONLY | O_CREAT | O_TRUNC | (O_DSYNC ?? 0);
const SYNCS_ITSELF = O_DSYNC !== undefined;

export class SyncedFile implements TrailFile {
  readonly #handle: FileHandle;
  /** Where the last whole write ended. */
  #written = 0;
  /** Up to here there are frames or zeros. */
  #room = 0;
  #making: Promise<void> | undefined;
  /** A disk that has no space for zeros may have some for records. */
  #isRefused = false;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** An empty file, also where one was. */
  static async create(path: string): Promise<SyncedFile> {
    return new SyncedFile(await open(path, SYNCED, 0o600));
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    const end = at + bytes.length;
    // The zeros that are being written must not land on the frame.
    if (this.#making !== undefined && end > this.#room) await this.#making;
    await this.#put(bytes, at);
    if (!SYNCS_ITSELF) await this.#handle.datasync();
    this.#written = Math.max(this.#written, end);
    if (this.#room - end < roomAfter(end) / 2 && this.#making === undefined && !this.#isRefused) {
      this.#making = this.#makeRoom().finally(() => {
        this.#making = undefined;
      });
    }
  }

  async close(): Promise<void> {
    await this.#making;
    try {
      await this.#handle.truncate(this.#written);
    } finally {
      await this.#handle.close();
    }
  }

  async #makeRoom(): Promise<void> {
    const from = Math.max(this.#room, this.#written);
    const to = Math.ceil((from + roomAfter(from)) / TRAIL_ROOM_BYTES_MIN) * TRAIL_ROOM_BYTES_MIN;
    try {
      await this.#put(new Uint8Array(to - from), from);
      this.#room = to;
    } catch {
      this.#isRefused = true;
    }
  }

  async #put(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, at + done);
      if (bytesWritten === 0) throw new Error("the audit trail's file takes no more bytes");
      done += bytesWritten;
    }
  }
}

/** As much again as there is: a stream of a few records stays small. */
const roomAfter = (end: number): number =>
  Math.min(TRAIL_ROOM_BYTES_MAX, Math.max(TRAIL_ROOM_BYTES_MIN, end));
