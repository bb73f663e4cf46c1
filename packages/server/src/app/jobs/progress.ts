/** One line that says how far a long job is; for terminals only, a few times a second. */
import type { JobOutput } from "./job.ts";

const SHOWN_EVERY_MS = 250;
const BAR_CELLS = 24;
const MIB = 1024 ** 2;

export class Progress {
  readonly #output: JobOutput;
  readonly #total: number;
  readonly #startedMs = Date.now();
  #done = 0;
  #bytes = 0;
  #shownMs = 0;

  /** `total`: about how many steps there will be; others may add and remove rows meanwhile. */
  constructor(output: JobOutput, total: number) {
    this.#output = output;
    this.#total = Math.max(1, total);
  }

  step(what: string, bytes = 0, steps = 1): void {
    this.#done += steps;
    this.#bytes += bytes;
    const nowMs = Date.now();
    if (nowMs - this.#shownMs < SHOWN_EVERY_MS) return;
    this.#shownMs = nowMs;
    const part = Math.min(1, this.#done / this.#total);
    const cells = Math.floor(part * BAR_CELLS);
    const bar = `${"#".repeat(cells)}${".".repeat(BAR_CELLS - cells)}`;
    const seconds = Math.max(0.001, (nowMs - this.#startedMs) / 1000);
    const rate = this.#bytes === 0 ? "" : `, ${(this.#bytes / MIB / seconds).toFixed(0)} MiB/s`;
    const percent = Math.floor(part * 100);
    this.#output.progress(`[${bar}] ${percent} % ${what}, ${Math.floor(this.#done / seconds)} rows/s${rate}`);
  }
}
