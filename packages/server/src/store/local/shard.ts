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
    this.#fd ??= openFile(this.path, "r");
    const running = this.#fd.then(syncFile).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  /** The open descriptor, for closing. */
  get descriptor(): Promise<number> | undefined {
    return this.#fd;
  }
}

/** The sync's own callers see its failure; those who wait for the next one only need it to be over. */
const ignore = (): void => undefined;
