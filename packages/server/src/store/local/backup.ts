/**
 * A consistent copy of the embedded home while it serves: first the rows (LMDB's own copy of one snapshot), then the
 * blobs, which are immutable, by hard link or copy. Meanwhile the collector must stand still (its lease is held by the
 * caller), so that no blob which the copied rows reference goes away between. The copy holds no root key.
 */
import { constants } from "node:fs";
import { copyFile, link, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { IntegrityError } from "../../base/errors.ts";
import type { BlobId } from "../../base/ids.ts";
import { hexOf } from "../key-order.ts";
import { type TableName, TABLES } from "../port.ts";
import { closeFile, codeOf, openFile, syncFile } from "./file.ts";
import { blobsDirectory, type LocalStore, recordsDirectory } from "./open.ts";
import { Tables } from "./tables.ts";

export interface BackupReport {
  readonly rows: Readonly<Partial<Record<TableName, number>>>;
  readonly blobs: number;
  readonly blobBytes: number;
}

const PAGE_ROWS = 1000;

/** `target` must not exist or be empty. Throws if the copy can't be opened and scanned: then it is no backup. */
export async function backupLocal(store: LocalStore, target: string): Promise<BackupReport> {
  await mkdir(target, { recursive: true, mode: 0o700 });
  if ((await readdir(target)).length > 0) throw new Error(`the backup's directory ${target} is not empty`);
  const records = recordsDirectory(target);
  await mkdir(records, { mode: 0o700 });
  await store.copyRecords(records);
  for (const name of await readdir(records)) await syncPath(join(records, name));
  const { blobs, blobBytes } = await copyBlobs(store, target);
  for (const path of [records, target, dirname(target)]) await syncPath(path);
  return { rows: await scanCopy(records), blobs, blobBytes };
}

async function copyBlobs(store: LocalStore, target: string): Promise<{ blobs: number; blobBytes: number }> {
  const from = blobsDirectory(store.directory);
  const to = blobsDirectory(target);
  for (let byte = 0; byte < 256; byte++) {
    await mkdir(join(to, hexOf(Uint8Array.of(byte))), { recursive: true, mode: 0o700 });
  }
  let blobs = 0;
  let blobBytes = 0;
  for (let after: BlobId | undefined; ; ) {
    const page = await store.blobs.list(after, PAGE_ROWS);
    for (const { id, size } of page) {
      const name = join(hexOf(id.subarray(0, 1)), hexOf(id));
      if (await copyOne(join(from, name), join(to, name))) {
        blobs++;
        blobBytes += size;
      }
    }
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.id;
  }
  for (const shard of await readdir(to)) await syncPath(join(to, shard));
  await syncPath(to);
  return { blobs, blobBytes };
}

/** False if the blob went away: it was trash before the rows were copied, or never published. */
async function copyOne(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
  }
  // Another file system, or one without hard links.
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  await syncPath(to);
  return true;
}

/** Reads every row of the copy: a damaged page shows itself here and not on the day of need. */
async function scanCopy(records: string): Promise<Partial<Record<TableName, number>>> {
  const tables = new Tables(records, true);
  try {
    const counts: Partial<Record<TableName, number>> = {};
    for (const table of TABLES) {
      let count = 0;
      for (let after: Uint8Array | undefined; ; ) {
        const start = { table, from: new Uint8Array(), limit: PAGE_ROWS };
        const { rows, more } = tables.scan(after === undefined ? start : { ...start, after });
        count += rows.length;
        after = rows.at(-1)?.key;
        if (!more) break;
        await new Promise((done) => setImmediate(done));
      }
      if (count > 0) counts[table] = count;
    }
    return counts;
  } catch (error) {
    throw new IntegrityError("the backup can't be read back", error);
  } finally {
    await tables.close();
  }
}

async function syncPath(path: string): Promise<void> {
  const fd = await openFile(path, "r");
  try {
    await syncFile(fd);
  } finally {
    await closeFile(fd);
  }
}
