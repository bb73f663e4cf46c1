/** Work of which only so much may run at once in a process. The others wait in turn; who has gone waits no longer. */
import { ServiceError } from "./errors.ts";

export class Turns {
  #free: number;
  /** In order of arrival. */
  readonly #waiting = new Set<() => void>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Throws RequestTimeout for a caller who leaves before its turn. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      this.#waiting.delete(enter);
      reject(new ServiceError("RequestTimeout"));
    };
    const enter = (): void => {
      this.#waiting.delete(enter);
      signal.removeEventListener("abort", leave);
      resolve();
    };
    if (signal.aborted) leave();
    else {
      this.#waiting.add(enter);
      signal.addEventListener("abort", leave, { once: true });
    }
    return promise;
  }

  /** The turn goes to the next at once: nobody who comes meanwhile is before it. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else next();
  }
}
