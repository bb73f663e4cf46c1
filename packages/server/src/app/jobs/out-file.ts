/** A file that a command writes: under another name until it is complete and synced, so that no half one is taken for whole. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { reasonOf, UsageError } from "../config.ts";

const BUFFER_CHARS = 64 * 1024;

export class OutFile {
  readonly #path: string;
  readonly #part: string;
  readonly #file: number;
  #text = "";
  #open = true;

  /** Throws UsageError where the file can't be made. */
  constructor(path: string) {
    this.#path = path;
    this.#part = `${path}.${process.pid}.part`;
    try {
      this.#file = openSync(this.#part, "wx", 0o600);
    } catch (cause) {
      throw new UsageError(`--out: ${path} can't be written: ${reasonOf(cause)}`, { cause });
    }
  }

  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= BUFFER_CHARS) this.#flush();
  }

  finish(): void {
    this.#flush();
    fsyncSync(this.#file);
    closeSync(this.#file);
    this.#open = false;
    renameSync(this.#part, this.#path);
  }

  /** After `finish` nothing; else what was written goes. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    closeSync(this.#file);
    rmSync(this.#part, { force: true });
  }

  #flush(): void {
    const bytes = Buffer.from(this.#text);
    this.#text = "";
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
  }
}
