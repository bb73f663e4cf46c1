/**
 * What the store does by itself: collect what nothing references, carry out key deletions, rotations and expiries, give the store's own
 * keys a new term when they are due. Every job works under a lease or by conditional commits, so that any number of workers
 * may run them; the first worker does. Each worker looks for terms that others have added.
 */
import { KEYRING_REFRESH_MS, LEFTOVER_AGE_MAX_MS } from "../base/limits.ts";
import { recoverStreams, StreamWatch } from "../audit/recover.ts";
import type { Log } from "../base/log.ts";
import { destroyedAmong, Forgetting } from "../kms/forgetting.ts";
import { keepHouse, runJobs } from "../kms/jobs.ts";
import { EndedUploads } from "../objects/uploads/jobs.ts";
import { Collector } from "../store/collector.ts";
import { DamagedRows } from "../store/damaged-rows.ts";
import { hexOf } from "../store/key-order.ts";
import { addTerm, type KeyringPurpose, rotationDue } from "../store/keyring.ts";
import { pruneAudit } from "./audit.ts";
import { UsageError } from "./config.ts";
import type { Engine } from "./engine.ts";

/** Material that another process destroyed is out of memory within a second. */
const FORGET_MS = 500;
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
  readonly #forgetting: Forgetting;
  readonly #watch = new StreamWatch();
  #running: Promise<void> = Promise.resolve();
  /** Jobs that may take long, or must not wait for one that does. */
  readonly #apart: Promise<void>[] = [];

  constructor(engine: Engine, log: Log, index: number) {
    this.#engine = engine;
    this.#log = log;
    this.#active = index === 0;
    this.#forgetting = new Forgetting(engine.kms);
    const damaged = new DamagedRows(({ table, key }, error) => {
      log.error("a row of the store is damaged and stays; run strongroom verify", {
        table,
        key: hexOf(key),
        error,
      });
    });
    const ended = new EndedUploads(engine.objects.core, damaged);
    this.#collector = new Collector(engine.records, { damaged, jobs: [(lease) => ended.collect(lease)] });
  }

  start(): void {
    // Of each process: its own notes of key use, and the key material that it holds.
    this.#every(MINUTE_MS, "key use", () => keepHouse(this.#engine.kms));
    this.#everyApart(FORGET_MS, "forget", () => this.#forget());
    this.#every(KEYRING_REFRESH_MS, "keyring", async () => {
      const { keyrings, records } = this.#engine;
      records.useKeyring(await keyrings.refresh());
    });
    this.#every(KEYRING_REFRESH_MS, "accounts", () => this.#engine.readOwners());
    if (!this.#active) return;
    this.#every(RECOVER_MS, "audit streams", () => this.#recoverStreams());
    this.#every(COLLECT_MS, "collect", async () => void (await this.#collector.tick()));
    this.#everyApart(HOURLY_MS, "hourly", async () => {
      const { kms, store, clock } = this.#engine;
      const nowMs = clock.now();
      // First what makes room: without it the trail may not be written, and the key service then does nothing by itself.
      const steps = [
        () => store.removeLeftovers(nowMs - LEFTOVER_AGE_MAX_MS),
        () => this.#rotate(nowMs),
        () => this.#pruneTrail(nowMs),
        () => runJobs(kms, nowMs),
      ];
      for (const step of steps)
        await step().catch((error: unknown) => {
          if (this.#engine.stopping.signal.aborted) return;
          this.#log.error("a background job failed and is tried again in an hour", { job: "hourly", error });
        });
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
  }

  /** Beside the others; never beside itself. */
  #everyApart(ms: number, name: string, job: () => Promise<void>): void {
    const place = this.#apart.push(Promise.resolve()) - 1;
    let busy = false;
    const run = (): void => {
      if (busy) return;
      busy = true;
      this.#apart[place] = job()
        .catch((error: unknown) => {
          if (this.#engine.stopping.signal.aborted) return;
          this.#log.error("a background job failed and is tried again", { job: name, error });
        })
        .finally(() => {
          busy = false;
        });
    };
    const timer = setInterval(run, ms);
    timer.unref();
    this.#timers.push(timer);
    if (ms === HOURLY_MS) run();
  }

  /** What was destroyed leaves this process's memory: key material, and bucket keys under it. */
  async #forget(): Promise<void> {
    if (!(await this.#forgetting.look())) return;
    const { bucketKeys } = this.#engine.objects.core.sources;
    for (const arn of await destroyedAmong(this.#engine.kms, bucketKeys.keyArns())) bucketKeys.forget(arn);
  }

  /** Those of processes that died; the first look is soon after the start. */
  async #recoverStreams(): Promise<void> {
    const { audit, clock } = this.#engine;
    const parts = { ...audit, log: this.#log, watch: this.#watch };
    await recoverStreams(parts, clock.now(), performance.now());
  }

  async #pruneTrail(nowMs: number): Promise<void> {
    const { auditRetentionDays: days } = this.#engine.settings;
    if (days === undefined) return;
    const pruned = await pruneAudit(this.#engine, nowMs - days * DAY_MS, "retention", false).catch(
      (error: unknown) => {
        if (!(error instanceof UsageError)) throw error;
        this.#log.info("old records of the audit trail stay for an hour more", { reason: error.message });
      },
    );
    const { prunings = [], damaged = [] } = pruned ?? {};
    for (const { stream, records } of prunings)
      this.#log.info("old records of the audit trail were removed", { stream, records });
    for (const stream of damaged)
      this.#log.error("old records of the audit trail are damaged and stay; run strongroom audit verify", {
        stream,
      });
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
    this.#engine.stopping.abort();
    await this.#running;
    await Promise.all(this.#apart);
    await keepHouse(this.#engine.kms).catch((error: unknown) => {
      this.#log.warn("the last uses of keys were not written down", { error });
    });
  }
}
