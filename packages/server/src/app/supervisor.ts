/**
 * The parent process of `serve`: small, holds no key and no data. It starts the workers, restarts one that ended, carries
 * signals to them and runs control commands in processes of their own. It ends when it is told to, or when workers
 * can't start at all.
 */
import { type ChildProcess, fork } from "node:child_process";
import { z } from "zod";
import type { Log } from "../base/log.ts";
import { openingMessage, type Openings } from "./opening.ts";

/** A worker that ends this soon after its start counts as failed to start. */
const START_MS = 5_000;
const RESTART_DELAY_MS = 50;
const RESTART_DELAY_MAX_MS = 5_000;
const FAILED_STARTS_MAX = 5;
const METRICS_MS = 1_000;
/** Time for open requests to end after SIGTERM; then the connections are cut. */
export const DRAIN_MS = 20_000;

/**
 * glibc gives freed memory at the top of the heap back at once and takes it again with page faults: a large transfer does
 * so with every segment. Workers keep some (a setting of the operator's own wins; other allocators read none of this).
 */
const ALLOCATOR = {
  MALLOC_TRIM_THRESHOLD_: "16777216",
  MALLOC_MMAP_THRESHOLD_: "1048576",
  // Bun's gives pages back within milliseconds and takes them again with page faults: with a second's delay a GET of 64 MiB
  // costs 43 ms instead of 47, a PUT 91 instead of 97, and the memory of transfers and idle processes stays what it was.
  MIMALLOC_PURGE_DELAY: "1000",
};
/** Rows are bytes: the codec that comes with lmdb is loaded and never used, and need not look for its native part. */
const CODEC = { MSGPACKR_NATIVE_ACCELERATION_DISABLED: "true" };

const readyMessage = z.strictObject({
  kind: z.literal("ready"),
  /** `http`, and `https` where TLS is on: HOST:PORT as bound. */
  endpoints: z.record(z.string(), z.string()),
  access: z.strictObject({ accessKeyId: z.string() }).optional(),
});
export type ReadyMessage = z.output<typeof readyMessage>;

/** What the first start makes and shows once. Told as soon as it is there: what fails afterwards must not swallow it. */
const made = {
  /** The provider of a root key. */
  rootKey: z.string().optional(),
  accessKey: z.strictObject({ accessKeyId: z.string(), secretAccessKey: z.string() }).optional(),
};
const madeMessage = z.strictObject({ kind: z.literal("made"), ...made });
export type Made = Readonly<Omit<z.output<typeof madeMessage>, "kind">>;

/** What a worker tells its parent over IPC. */
export const workerMessage = z.discriminatedUnion("kind", [
  readyMessage,
  madeMessage,
  z.strictObject({ kind: z.literal("metrics"), id: z.number(), values: z.array(z.unknown()) }),
  z.strictObject({ kind: z.literal("refused"), message: z.string() }),
  ...openingMessage.options,
]);
export type WorkerMessage = z.output<typeof workerMessage>;

/** What a parent tells a worker at its start, as JSON. */
export const WORKER_VARIABLE = "STRONGROOM_WORKER";
const workerStart = z.strictObject({
  index: z.number(),
  /** No worker of this server has been ready yet. */
  first: z.boolean(),
  endpoints: z.record(z.string(), z.string()),
});
export type WorkerStart = z.output<typeof workerStart>;
export const readWorkerStart = (text: string | undefined): WorkerStart =>
  text === undefined ? { index: 0, first: true, endpoints: {} } : workerStart.parse(JSON.parse(text));

export interface SupervisorOptions {
  readonly entry: string;
  readonly args: readonly string[];
  readonly workers: number;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly openings: Openings;
  /** Each time a worker is ready. */
  readonly onReady: (message: ReadyMessage) => void;
}

interface Slot {
  readonly index: number;
  child: ChildProcess | undefined;
  startedMs: number;
  failures: number;
  ready: boolean;
  /** One of its workers was ready. */
  hasServed: boolean;
  /** Has missed a SIGHUP: before it is ready that signal would end it. */
  reloads: boolean;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: Slot[];
  /** As the first worker bound them: a port that the system chose is everybody's from then on. */
  #endpoints: Readonly<Record<string, string>> = {};
  /** A worker was ready: what is for the server's start only is done. */
  #begun = false;
  #stopping = false;
  #ended: (code: number) => void = () => {};
  /** Resolves with the exit code once every worker is gone for good. */
  readonly ended: Promise<number> = new Promise((resolve) => {
    this.#ended = resolve;
  });
  #metricsId = 0;
  readonly #metrics = new Map<number, (values: unknown[]) => void>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.workers }, (_, index) => ({
      index,
      child: undefined,
      startedMs: 0,
      failures: 0,
      ready: false,
      hasServed: false,
      reloads: false,
    }));
  }

  /** The first worker starts alone: it makes keyring and credentials on a first start. The others follow when it is ready. */
  start(): void {
    const first = this.#slots[0];
    if (first !== undefined) this.#start(first);
  }

  #made: Made = {};
  get made(): Made {
    return this.#made;
  }

  ready(): boolean {
    return !this.#stopping && this.#slots.every((s) => s.ready);
  }

  #start(slot: Slot): void {
    const { entry, args, env, log } = this.#options;
    slot.startedMs = Date.now();
    slot.ready = false;
    const start: WorkerStart = { index: slot.index, first: !this.#begun, endpoints: this.#endpoints };
    const child = fork(entry, [...args], {
      env: {
        ...ALLOCATOR,
        ...CODEC,
        ...env,
        [WORKER_VARIABLE]: JSON.stringify(start),
      },
      stdio: "inherit",
    });
    slot.child = child;
    this.#options.openings.attend(child);
    child.on("message", (raw) => this.#message(slot, raw));
    child.on("error", (error) => {
      log.error("a worker could not be started, or told something", {
        worker: slot.index,
        error: error.message,
      });
      // Then there is no exit to hear of.
      if (child.pid === undefined) this.#exited(slot, null, null);
    });
    child.on("exit", (code, signal) => this.#exited(slot, code, signal));
  }

  #message(slot: Slot, raw: unknown): void {
    const message = workerMessage.parse(raw);
    switch (message.kind) {
      case "ready": {
        slot.ready = true;
        slot.hasServed = true;
        slot.failures = 0;
        if (slot.reloads) this.#reload(slot);
        this.#begun = true;
        // The first that was ready alone has chosen; the others were given its ports.
        if (Object.keys(this.#endpoints).length === 0) this.#endpoints = message.endpoints;
        this.#options.onReady(message);
        for (const other of this.#slots) if (other.child === undefined && !this.#stopping) this.#start(other);
        break;
      }
      case "made": {
        const { kind: _, ...more } = message;
        this.#made = { ...this.#made, ...more };
        break;
      }
      case "metrics":
        this.#metrics.get(message.id)?.(message.values);
        break;
      case "refused":
        this.#refused(slot, message.message);
        break;
      case "asks-to-open":
      case "has-opened":
      case "holds":
      case "has-closed":
        // For the openings.
        break;
    }
  }

  /**
   * The operator's mistake: at the start, trying again would only repeat it. Of a worker that has served before it is one
   * that was made meanwhile (a certificate half renewed), and may be mended while the others serve.
   */
  #refused(slot: Slot, reason: string): void {
    if (slot.hasServed) {
      this.#options.log.error("a worker can't start again", { worker: slot.index, reason });
      return;
    }
    process.stderr.write(`strongroom: ${reason}\n`);
    this.#giveUp(2);
  }

  #exited(slot: Slot, code: number | null, signal: NodeJS.Signals | null): void {
    slot.child = undefined;
    slot.ready = false;
    if (this.#stopping) {
      if (this.#slots.every((s) => s.child === undefined)) this.#ended(this.#exitCode);
      return;
    }
    const quick = Date.now() - slot.startedMs < START_MS;
    slot.failures = quick ? slot.failures + 1 : 0;
    this.#options.log.error("a worker ended and is restarted", { worker: slot.index, code, signal });
    if (this.#isHopeless(slot)) {
      this.#options.log.error("a worker does not start; giving up", { worker: slot.index });
      this.#giveUp(1);
      if (this.#slots.every((s) => s.child === undefined)) this.#ended(this.#exitCode);
      return;
    }
    const delay = Math.min(RESTART_DELAY_MAX_MS, RESTART_DELAY_MS * 4 ** Math.max(0, slot.failures - 1));
    setTimeout(() => {
      if (!this.#stopping && slot.child === undefined) this.#start(slot);
    }, delay);
  }

  /** Workers that serve, or may come to, do not end for one that does not start. */
  #isHopeless(slot: Slot): boolean {
    const tried = this.#begun ? this.#slots : [slot];
    return tried.every((s) => !s.ready && s.failures >= FAILED_STARTS_MAX);
  }

  #exitCode = 0;
  #giveUp(code: number): void {
    this.#exitCode = code;
    this.stop("SIGTERM");
  }

  /** Drains: the workers get the signal, finish what is open and end; after DRAIN_MS they are killed. */
  stop(signal: NodeJS.Signals): void {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const slot of this.#slots) slot.child?.kill(signal);
    if (this.#slots.every((s) => s.child === undefined)) this.#ended(this.#exitCode);
    setTimeout(() => {
      for (const slot of this.#slots) slot.child?.kill("SIGKILL");
    }, DRAIN_MS + 2_000).unref();
  }

  /** SIGHUP: certificates are read again. */
  reload(): void {
    for (const slot of this.#slots) this.#reload(slot);
  }

  #reload(slot: Slot): void {
    slot.reloads = !slot.ready;
    if (slot.ready) slot.child?.kill("SIGHUP");
  }

  /** The metric values of every worker that answers within a second. */
  async metrics(): Promise<readonly (readonly unknown[])[]> {
    const asked = this.#slots.filter((s) => s.ready && s.child?.connected === true);
    const answers = await Promise.all(asked.map((slot) => this.#askMetrics(slot)));
    return answers.filter((a) => a !== undefined);
  }

  #askMetrics(slot: Slot): Promise<unknown[] | undefined> {
    return new Promise((resolve) => {
      const id = ++this.#metricsId;
      const done = (values?: unknown[]): void => {
        this.#metrics.delete(id);
        clearTimeout(timer);
        resolve(values);
      };
      const timer = setTimeout(() => done(), METRICS_MS);
      this.#metrics.set(id, done);
      slot.child?.send({ kind: "metrics", id });
    });
  }
}
