/**
 * A lease that a command holds while it works: renewed as time goes by, given back at the end. A command that dies loses
 * it within a minute. One that slept past its time finds out: `current` throws once another may have taken over.
 */
import { acquireLease, type Lease, newHolder, releaseLease } from "../../store/lease.ts";
import type { Records } from "../../store/records.ts";
import { UsageError } from "../config.ts";

const LEASE_MS = 60_000;
const RENEW_MS = 15_000;
const TRY_MS = 500;

export class HeldLease {
  readonly #records: Records;
  readonly #name: string;
  readonly #holder: Uint8Array;
  #lease: Lease;
  #lost = false;
  #renewing: Promise<void> = Promise.resolve();
  readonly #timer: NodeJS.Timeout;

  private constructor(records: Records, name: string, holder: Uint8Array, lease: Lease) {
    this.#records = records;
    this.#name = name;
    this.#holder = holder;
    this.#lease = lease;
    this.#timer = setInterval(() => void this.renew(), RENEW_MS);
    this.#timer.unref();
  }

  /** Waits up to `waitMs` for whoever holds it; throws UsageError with `taken` then. */
  static async take(records: Records, name: string, waitMs: number, taken: string): Promise<HeldLease> {
    const holder = newHolder();
    const untilMs = Date.now() + waitMs;
    for (;;) {
      const lease = await acquireLease(records, name, holder, LEASE_MS);
      if (lease !== undefined) return new HeldLease(records, name, holder, lease);
      if (Date.now() >= untilMs) throw new UsageError(taken);
      await new Promise((done) => setTimeout(done, TRY_MS));
    }
  }

  /** At once, in its turn. */
  renew(): Promise<void> {
    this.#renewing = this.#renewing.then(() => this.#renew());
    return this.#renewing;
  }

  async #renew(): Promise<void> {
    const lease = await acquireLease(this.#records, this.#name, this.#holder, LEASE_MS).catch(
      () => undefined,
    );
    if (lease === undefined || lease.fence !== this.#lease.fence) this.#lost = true;
    else this.#lease = lease;
  }

  /** Throws if it may have been lost. */
  requireHeld(): void {
    if (this.#lost || this.#lease.untilMs <= Date.now())
      throw new UsageError(
        `this command lost its lease (${this.#name}), because it stood still too long; run it again`,
      );
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    await releaseLease(this.#records, this.#lease);
  }
}
