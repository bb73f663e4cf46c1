/**
 * Blobs as files: `blobs/<first byte of the id>/<id>`. A blob is written under a temporary name, synced, renamed, and its
 * directory synced, in this order. A temporary file that a crash leaves is removed once it is old: should its writer
 * still live, its rename fails and nothing is acknowledged.
 */
import { mkdirSync } from "node:fs";
import { readdir, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ServiceError } from "../../base/errors.ts";
import type { BlobId } from "../../base/ids.ts";
import { newBlobId } from "../../base/ids.ts";
import { bytesOfHex, hexOf } from "../key-order.ts";
import type { Blobs } from "../port.ts";
import { fillFile, type Written } from "./blob-writer.ts";
import { readBlob } from "./blob-reader.ts";
import type { FailStop } from "./fail-stop.ts";
import { closeFile, codeOf, openFile, syncDirectory, syncFileBytes } from "./file.ts";
import { Shard } from "./shard.ts";
import type { SpaceWatch } from "./space.ts";

const BLOB_NAME = /^[0-9a-f]{32}$/;
const TEMPORARY_NAME = /^[0-9a-f]{32}\.[0-9a-f]{32}\.tmp$/;
/** After a blob of this size free space is looked at again. */
const LARGE_BYTES = 16 * 1024 ** 2;

export class FileBlobs implements Blobs {
  readonly #shards: readonly Shard[];
  readonly #failStop: FailStop;
  readonly #space: SpaceWatch;

  constructor(directory: string, failStop: FailStop, space: SpaceWatch) {
    this.#failStop = failStop;
    this.#space = space;
    this.#shards = Array.from(
      { length: 256 },
      (_, byte) => new Shard(join(directory, hexOf(Uint8Array.of(byte)))),
    );
    let made = false;
    for (const { path } of this.#shards) {
      if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) made = true;
    }
    if (made) for (const path of [directory, join(directory, "..")]) syncDirectory(path);
  }

  async put(id: BlobId, bytes: AsyncIterable<Uint8Array>, size: number | undefined): Promise<Written> {
    this.#failStop.assertFit();
    const shard = this.#shard(id);
    const path = pathOf(shard, id);
    const temporary = `${path}.${hexOf(newBlobId())}.tmp`;
    let renamed = false;
    try {
      const written = await this.#writeSynced(temporary, bytes, size);
      await rename(temporary, path);
      renamed = true;
      await shard.sync();
      if (written.size >= LARGE_BYTES) void this.#space.check();
      return written;
    } catch (error) {
      await unlink(renamed ? path : temporary).catch(ignore);
      throw this.#explain(error);
    }
  }

  get(id: BlobId, from: number, to: number, size?: number): AsyncIterable<Uint8Array> {
    return readBlob(pathOf(this.#shard(id), id), from, to, size);
  }

  async delete(ids: readonly BlobId[]): Promise<void> {
    const touched = new Set<Shard>();
    for (const id of ids) {
      const shard = this.#shard(id);
      try {
        await unlink(pathOf(shard, id));
        touched.add(shard);
      } catch (error) {
        if (codeOf(error) !== "ENOENT") throw this.#explain(error);
      }
    }
    // Else a power cut could bring a blob back whose trash row is gone for good.
    await Promise.all(Array.from(touched, (shard) => shard.sync()));
  }

  async list(after: BlobId | undefined, limit: number): Promise<{ id: BlobId; size: number }[]> {
    const found: { id: BlobId; size: number }[] = [];
    const afterName = after === undefined ? "" : hexOf(after);
    for (const shard of this.#shards.slice(after?.[0] ?? 0)) {
      const names = (await readdir(shard.path)).filter((name) => BLOB_NAME.test(name) && name > afterName);
      for (const name of names.toSorted()) {
        if (found.length === limit) return found;
        const size = await sizeOf(join(shard.path, name));
        if (size !== undefined) found.push({ id: bytesOfHex(name) as BlobId, size });
      }
    }
    return found;
  }

  /** Removes temporary files last written before `beforeMs`; returns how many. */
  async removeLeftovers(beforeMs: number): Promise<number> {
    let removed = 0;
    for (const shard of this.#shards) {
      for (const name of (await readdir(shard.path)).filter((n) => TEMPORARY_NAME.test(n))) {
        const path = join(shard.path, name);
        try {
          if ((await stat(path)).mtimeMs >= beforeMs) continue;
          await unlink(path);
          removed++;
        } catch (error) {
          // Another process renamed or removed it meanwhile.
          if (codeOf(error) !== "ENOENT") throw error;
        }
      }
    }
    return removed;
  }

  async close(): Promise<void> {
    for (const shard of this.#shards) {
      const fd = await shard.descriptor;
      if (fd !== undefined) await closeFile(fd);
    }
  }

  #shard(id: BlobId): Shard {
    const shard = this.#shards[id[0] ?? -1];
    if (shard === undefined || id.length !== 16) throw new Error("INVARIANT: a blob id has 16 bytes");
    return shard;
  }

  async #writeSynced(
    path: string,
    bytes: AsyncIterable<Uint8Array>,
    size: number | undefined,
  ): Promise<Written> {
    const fd = await openFile(path, "wx", 0o600);
    try {
      const written = await fillFile(fd, bytes, size, () => {
        if (this.#space.full) throw new ServiceError("InsufficientStorage");
      });
      await syncFileBytes(fd);
      return written;
    } finally {
      await closeFile(fd);
    }
  }

  /** Full is a state, EIO the end of this process's writing; what the iterable threw passes through. */
  #explain(error: unknown): unknown {
    const code = codeOf(error);
    if (code === "ENOSPC" || code === "EDQUOT") {
      void this.#space.check();
      return new ServiceError("InsufficientStorage", { cause: error });
    }
    return code === "EIO" || code === "EROFS" ? this.#failStop.fail(error) : error;
  }
}

const pathOf = (shard: Shard, id: BlobId): string => join(shard.path, hexOf(id));

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Best effort: what stays behind is a leftover or an unreferenced blob, and both are collected. */
const ignore = (): void => undefined;
