/**
 * One directory of blobs. Concurrent requests share its syncs: a caller that comes while a sync runs waits for the next
 * one, since the running one may have begun before its rename.
 */
import { openFile, syncFile } from "./file.ts";

export class Shard {
  readonly path: string;
  #fd: Promise<number> | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(path: string) {
    this.path = path;
  }

  sync(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.catch(ignore).then(() => {
      this.#next = undefined;
      return this.#start();
    });
    return this.#next;
  }

  #start(): Promise<void> {
    this.#fd ??= this.#open();
    const running = this.#fd.then(syncFile).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  /** A failure is forgotten: the next sync opens again, since too many open files, for one, is a state that passes. */
  async #open(): Promise<number> {
    try {
      return await openFile(this.path, "r");
    } catch (error) {
      this.#fd = undefined;
      throw error;
    }
  }

  /** The open descriptor, for closing. */
  get descriptor(): Promise<number | undefined> | undefined {
    return this.#fd?.catch(ignore);
  }
}

/** The callers of a sync see its failure, or its opening's; who waits for it to be over need not. */
const ignore = (): undefined => undefined;
