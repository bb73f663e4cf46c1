/**
 * Metrics of one worker, by prom-client. The parent adds the workers' up and serves the sum on the admin port. Names are
 * an interface: docs/operations/metrics.md lists them.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Meter } from "../api/common/ports.ts";

export interface WorkerMetrics {
  readonly meter: Meter;
  kmsCall(operation: string): void;
  keyDeletion(what: "scheduled" | "destroyed"): void;
  /** Values as JSON for the parent. */
  collect(): Promise<unknown[]>;
}

export interface Sampled {
  /** Seconds since the oldest open multipart upload began; 0 if there is none. */
  readonly oldestUploadSeconds: () => Promise<number>;
  readonly freeBytes: () => number;
  readonly writable: () => boolean;
}

/** Counts by itself, and tells the library when somebody asks: to tell it of each costs a microsecond. */
class Tally {
  readonly #counter: Counter.Internal;
  #untold = 0;

  constructor(counter: Counter.Internal) {
    this.#counter = counter;
  }

  add(): void {
    this.#untold++;
  }

  tell(): void {
    this.#counter.inc(this.#untold);
    this.#untold = 0;
  }
}

const TIMES_TOLD_AT_ONCE = 64;

/** Keeps some times back, since the library takes several one after the other in less than half the time. */
class Times {
  readonly #histogram: Histogram.Internal<string>;
  readonly #untold = new Float64Array(TIMES_TOLD_AT_ONCE);
  #count = 0;

  constructor(histogram: Histogram.Internal<string>) {
    this.#histogram = histogram;
  }

  add(seconds: number): void {
    this.#untold[this.#count++] = seconds;
    if (this.#count === this.#untold.length) this.tell();
  }

  tell(): void {
    for (let i = 0; i < this.#count; i++) this.#histogram.observe(this.#untold[i] ?? 0);
    this.#count = 0;
  }
}

/** What counts one operation: by status, and its times. */
interface Child {
  readonly done: Map<number, Tally>;
  readonly times: Times;
}

export function openMetrics(sampled: Sampled): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: "strongroom_requests_total",
    help: "Requests by service, operation and status",
    labelNames: ["service", "operation", "status"],
    registers,
  });
  const errors = new Counter({
    name: "strongroom_errors_total",
    help: "Refused and failed requests by error code",
    labelNames: ["service", "operation", "code"],
    registers,
  });
  const seconds = new Histogram({
    name: "strongroom_request_seconds",
    help: "Time from the head of a request to the end of its answer",
    labelNames: ["service", "operation"],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
    registers,
  });
  const kms = new Counter({
    name: "strongroom_kms_calls_total",
    help: "Cryptographic calls to the key service",
    labelNames: ["operation"],
    registers,
  });
  const deletions = new Counter({
    name: "strongroom_kms_key_deletions_total",
    help: "KMS keys scheduled for deletion, and destroyed",
    labelNames: ["event"],
    registers,
  });
  const gauge = (
    name: string,
    help: string,
    read: () => number | Promise<number>,
    aggregator: "max" | "min" = "max",
  ): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      aggregator,
      async collect() {
        this.set(await read());
      },
    });
  gauge(
    "strongroom_oldest_upload_age_seconds",
    "Age of the oldest multipart upload that is neither completed nor aborted",
    sampled.oldestUploadSeconds,
  );
  gauge("strongroom_disk_free_bytes", "Free space where the store lies", sampled.freeBytes);
  gauge(
    "strongroom_writable",
    "1 while writes are taken, 0 while the disk is nearly full or has failed",
    () => (sampled.writable() ? 1 : 0),
    // One worker that refuses writes is what an alarm must see.
    "min",
  );
  // Label lookups cost more than the increment: children are kept by operation.
  const children = new Map<string, Map<string, Child>>();
  const kmsTallies = new Map<string, Tally>();
  const tallies: (Tally | Times)[] = [];
  const tallied = (counter: Counter.Internal): Tally => {
    const tally = new Tally(counter);
    tallies.push(tally);
    return tally;
  };
  return {
    meter: {
      request({ service, operation, status, errorCode, milliseconds }) {
        let operations = children.get(service);
        if (operations === undefined) {
          operations = new Map();
          children.set(service, operations);
        }
        let child = operations.get(operation);
        if (child === undefined) {
          child = { done: new Map(), times: new Times(seconds.labels({ service, operation })) };
          tallies.push(child.times);
          operations.set(operation, child);
        }
        let done = child.done.get(status);
        if (done === undefined) {
          done = tallied(requests.labels({ service, operation, status: String(status) }));
          child.done.set(status, done);
        }
        done.add();
        child.times.add(milliseconds / 1000);
        if (errorCode !== undefined) errors.inc({ service, operation, code: errorCode });
      },
    },
    kmsCall(operation) {
      let tally = kmsTallies.get(operation);
      if (tally === undefined) {
        tally = tallied(kms.labels({ operation }));
        kmsTallies.set(operation, tally);
      }
      tally.add();
    },
    keyDeletion: (event) => deletions.inc({ event }),
    collect: () => {
      for (const tally of tallies) tally.tell();
      return registry.getMetricsAsJSON();
    },
  };
}
