/** What all decisions of one request may cost together, and when the others have their turn. */
import { setImmediate as turn } from "node:timers/promises";
import { DECISIONS_TURN_MS, REQUEST_STEPS_MAX } from "./limits.ts";

export class DecisionSteps {
  /** Comparisons still allowed. Whoever decides takes off what it took; below zero, decisions deny at once. */
  left = REQUEST_STEPS_MAX;
  #sinceMs = performance.now();

  /** Whether a decision was given up for want of steps. */
  get exhausted(): boolean {
    return this.left < 0;
  }
  get turnIsOver(): boolean {
    return performance.now() - this.#sinceMs > DECISIONS_TURN_MS;
  }
  /** Lets other requests run. */
  async pause(): Promise<void> {
    await turn();
    this.#sinceMs = performance.now();
  }
}
