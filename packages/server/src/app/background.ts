/**
 * What the store does by itself: collect what nothing references, carry out key deletions, rotations and expiries, give the store's own
 * keys a new term when they are due. Every job works under a lease or by conditional commits, so that any number of workers
 * may run them; the first worker does. Each worker looks for terms that others have added.
 */
import { KEYRING_REFRESH_MS, LEFTOVER_AGE_MAX_MS } from "../base/limits.ts";
import { recoverStreams } from "../audit/recover.ts";
import type { Log } from "../base/log.ts";
import { keepHouse, runJobs } from "../kms/jobs.ts";
import { EndedUploads } from "../objects/uploads/jobs.ts";
import { Collector } from "../store/collector.ts";
import { addTerm, type KeyringPurpose, rotationDue } from "../store/keyring.ts";
import type { Engine } from "./engine.ts";

const COLLECT_MS = 5_000;
const RECOVER_MS = 60_000;
const MINUTE_MS = 60_000;
const HOURLY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** By count, a term key never comes near any limit (each seal derives its own key); age decides. */
const ROTATED: readonly KeyringPurpose[] = ["metadata", "service", "domain", "token"];

export class Background {
  readonly #engine: Engine;
  readonly #log: Log;
  readonly #collector: Collector;
  readonly #active: boolean;
  readonly #timers: NodeJS.Timeout[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(engine: Engine, log: Log, index: number) {
    this.#engine = engine;
    this.#log = log;
    this.#active = index === 0;
    const ended = new EndedUploads(engine.objects.core);
    this.#collector = new Collector(engine.records, { jobs: [(lease) => ended.collect(lease)] });
  }

  start(): void {
    // Of each process: its own notes of key use, and the key material that it holds.
    this.#every(MINUTE_MS, "key use", () => keepHouse(this.#engine.kms));
    this.#every(KEYRING_REFRESH_MS, "keyring", async () => {
      const { keyrings, records } = this.#engine;
      records.useKeyring(await keyrings.refresh());
    });
    if (!this.#active) return;
    this.#every(RECOVER_MS, "audit streams", () => this.#recoverStreams());
    this.#every(COLLECT_MS, "collect", async () => void (await this.#collector.tick()));
    this.#every(HOURLY_MS, "hourly", async () => {
      const nowMs = this.#engine.clock.now();
      await runJobs(this.#engine.kms, nowMs);
      await this.#engine.store.removeLeftovers(nowMs - LEFTOVER_AGE_MAX_MS);
      await this.#rotate(nowMs);
    });
  }

  /** One at a time: a job that takes long delays the others and never overlaps itself. */
  #every(ms: number, name: string, job: () => Promise<void>): void {
    const run = (): void => {
      this.#running = this.#running.then(job).catch((error: unknown) => {
        this.#log.error("a background job failed and is tried again", { job: name, error });
      });
    };
    const timer = setInterval(run, ms);
    timer.unref();
    this.#timers.push(timer);
    if (ms === HOURLY_MS) run();
  }

  /** Those of processes that died; the first look is soon after the start. */
  async #recoverStreams(): Promise<void> {
    const { audit, clock } = this.#engine;
    await recoverStreams({ ...audit, log: this.#log }, clock.now());
  }

  async #rotate(nowMs: number): Promise<void> {
    const { keyrings, settings, store, records } = this.#engine;
    const policy = { ageMaxMs: settings.serviceKeyDays * DAY_MS, usesMax: Number.MAX_SAFE_INTEGER };
    for (const purpose of ROTATED) {
      if (!rotationDue(keyrings.current(), purpose, policy, nowMs, 0)) continue;
      const keyring = await addTerm(store, keyrings.current(), keyrings.roots(), purpose);
      keyrings.use(keyring);
      records.useKeyring(keyring);
      this.#log.info("a key of the store has a new term", { purpose, term: keyring.current(purpose).term });
    }
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#running;
    await keepHouse(this.#engine.kms).catch((error: unknown) => {
      this.#log.warn("the last uses of keys were not written down", { error });
    });
  }
}
