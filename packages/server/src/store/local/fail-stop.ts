/**
 * Fail-stop: after the first commit error or I/O error on a blob this process takes no more writes, because what the
 * kernel or LMDB still holds in memory can no longer be trusted to match the disk. The app ends the process; a fresh one
 * opens what was really written.
 */
import { ServiceError } from "../../base/errors.ts";

export class FailStop {
  #cause: Error | undefined;
  readonly #onFatal: (cause: Error) => void;

  constructor(onFatal: (cause: Error) => void) {
    this.#onFatal = onFatal;
  }

  get failed(): boolean {
    return this.#cause !== undefined;
  }

  /** Marks the process unfit, once, and returns what the caller throws: 503, since another process may well answer. */
  fail(cause: unknown): ServiceError {
    const error = cause instanceof Error ? cause : new Error("the store failed", { cause });
    if (this.#cause === undefined) {
      this.#cause = error;
      this.#onFatal(error);
    }
    return new ServiceError("ServiceUnavailable", { cause: error });
  }

  assertFit(): void {
    if (this.#cause !== undefined) throw new ServiceError("ServiceUnavailable", { cause: this.#cause });
  }
}

/**
 * The only safe end of a process that has become unfit. INVARIANT: not `process.exit`, which joins the thread pool: an LMDB
 * write there may wait for this very main thread, and then neither ends, with LMDB's write lock held against every other
 * process. A killed holder's lock is robust: the next process takes it over.
 */
export function endUnfitProcess(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("INVARIANT: the process was killed");
}

/**
 * Tells lmdb's own errors from others. lmdb raises a failed commit a second time as an unhandled rejection, and MDB_PANIC
 * (a failed write of the meta page) as an uncaught exception: the app's handlers for the two ask this, and treat a yes as
 * `onFatal`. lmdb's errors carry LMDB's or the system's number as `code`, where Node's carry a string.
 */
export function isStoreFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("commitError" in error || error.message.startsWith("Commit failed")) return true;
  return error.message.startsWith("MDB_") || ("code" in error && typeof error.code === "number");
}
