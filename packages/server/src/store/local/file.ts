/**
 * The few file calls that blobs need, as promises over descriptors: cheaper than FileHandle, and nothing closes by GC. And two
 * for what is made once, at once.
 */
import * as fs from "node:fs";
import { promisify } from "node:util";

export const openFile: (path: string, flags: number | string, mode?: number) => Promise<number> = promisify(
  fs.open,
);
export const closeFile: (fd: number) => Promise<void> = promisify(fs.close);
export const syncFile: (fd: number) => Promise<void> = promisify(fs.fsync);
export const syncFileBytes: (fd: number) => Promise<void> = promisify(fs.fdatasync);

/** Bytes read; fewer than asked for only at the end of the file. */
export function readAt(fd: number, into: Uint8Array, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let filled = 0;
    const more = (): void =>
      fs.read(fd, into, filled, length - filled, position + filled, (error, count) => {
        if (error !== null) return reject(error);
        filled += count;
        if (count === 0 || filled === length) return resolve(filled);
        more();
      });
    more();
  });
}

export function writeAt(fd: number, bytes: Uint8Array, length: number, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let written = 0;
    const more = (): void =>
      fs.write(fd, bytes, written, length - written, position + written, (error, count) => {
        if (error !== null) return reject(error);
        written += count;
        if (written === length) return resolve();
        more();
      });
    more();
  });
}

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** A new file of the owner's alone, with its bytes on the disk; its name is there once its directory is synced. */
export function writeSynced(path: string, bytes: Uint8Array): void {
  withFile(path, "wx", (fd) => {
    fs.writeSync(fd, bytes);
    fs.fsyncSync(fd);
  });
}

export const syncDirectory = (path: string): void => withFile(path, "r", fs.fsyncSync);

function withFile(path: string, flags: string, use: (fd: number) => void): void {
  const fd = fs.openSync(path, flags, 0o600);
  try {
    use(fd);
  } finally {
    fs.closeSync(fd);
  }
}
