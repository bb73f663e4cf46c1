/**
 * The load generator: a process of its own on a core of its own. Reads one job a line, prepares its requests, says
 * "prepared", waits for "go", and answers with the result.
 */
import { createInterface } from "node:readline";
import type { Job, Result } from "../lib/job.ts";
import { cpuSeconds } from "../lib/machine.ts";
import { percentile } from "../lib/stats.ts";
import { runClient } from "./client.ts";
import { type Prepared, prepare } from "./requests.ts";

const WINDOW_MS = 250;
/** Fewer answers say nothing about a window, unless no window has more. */
const WINDOW_REQUESTS_MIN = 50;
const WARMUP_SECONDS_MAX = 15;
const LATENCIES_MAX = 2_000_000;

async function run(job: Job, { heads, body }: Prepared): Promise<Result> {
  const latencies = new Float64Array(LATENCIES_MAX);
  const { first: _, count, once } = job.requests;
  let sent = 0;
  let done = 0;
  let errors = 0;
  let firstError: string | undefined;
  const firstMs = performance.now();
  let endMs = Infinity;
  let answered = 0;
  let begun: { readonly atMs: number; readonly server: number; readonly own: number } | undefined;
  let ended: typeof begun;
  /** Turns in which no answer came. */
  let spunMs = 0;
  const windows: { readonly requests: number; readonly seconds: number; readonly cpu: number }[] = [];
  let window = { done: 0, atMs: 0, server: 0 };
  const own = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  const mark = (atMs: number): NonNullable<typeof begun> => ({
    atMs,
    server: cpuSeconds(job.pids),
    own: own(),
  });
  const isWarm = (now: number): boolean => {
    // Requests that can be sent only once must not be used up by the warm-up.
    if (once === true && sent >= count / 4) return true;
    const seconds = (now - firstMs) / 1000;
    if (seconds < job.warmupSeconds) return false;
    return answered >= job.warmupRequests || seconds >= WARMUP_SECONDS_MAX;
  };
  const feed = {
    next(): number | undefined {
      const now = performance.now();
      if (begun === undefined && isWarm(now)) {
        begun = mark(now);
        endMs = now + job.seconds * 1000;
      }
      if (now >= endMs || (once === true && sent >= count) || errors > 100) return undefined;
      return sent++ % count;
    },
    done(_index: number, milliseconds: number): void {
      answered++;
      if (begun === undefined || ended !== undefined) return;
      const now = performance.now();
      latencies[done++] = milliseconds;
      if (window.atMs === 0) window = { done, atMs: now, server: cpuSeconds(job.pids) };
      else if (now - window.atMs >= WINDOW_MS) {
        const server = cpuSeconds(job.pids);
        windows.push({
          requests: done - window.done,
          seconds: (now - window.atMs) / 1000,
          cpu: server - window.server,
        });
        window = { done, atMs: now, server };
      }
      // Answers that come later than the end belong to it, while the others still run: counted to the last one.
      if (now >= endMs || (once === true && sent >= count)) ended = mark(now);
    },
    failed(text: string): void {
      errors++;
      firstError ??= text;
    },
  };
  // A core that sleeps is woken by the write of an answer, at the server's expense: 20 us on a virtual machine. The limits, whose
  // answers never stop coming, don't pay that. Where the server waits for its disk, both do.
  let spinning = job.requests.method === "GET";
  let turn = { answered, atMs: performance.now() };
  const spin = (): void => {
    const atMs = performance.now();
    if (answered === turn.answered && begun !== undefined && ended === undefined) spunMs += atMs - turn.atMs;
    turn = { answered, atMs };
    if (spinning) setImmediate(spin);
  };
  spin();
  await Promise.all(Array.from({ length: job.connections }, () => runClient(job.port, heads, body, feed)));
  spinning = false;
  begun ??= mark(performance.now());
  ended ??= mark(performance.now());
  if (windows.every((w) => w.requests < WINDOW_REQUESTS_MIN)) {
    const seconds = (ended.atMs - begun.atMs) / 1000;
    windows.splice(0, windows.length, { requests: done, seconds, cpu: ended.server - begun.server });
  }
  const good = windows.filter((w) => windows.length === 1 || w.requests >= WINDOW_REQUESTS_MIN);
  const taken = latencies.subarray(0, done);
  return {
    requests: done,
    seconds: Math.max(0.001, (ended.atMs - begun.atMs) / 1000),
    p50Ms: percentile(taken, 0.5),
    p99Ms: percentile(taken, 0.99),
    serverCpuSeconds: ended.server - begun.server,
    bestRate: Math.max(...good.map((w) => w.requests / w.seconds)),
    bestCpuMicros: Math.min(...good.map((w) => (w.cpu * 1e6) / w.requests)),
    loadCpuSeconds: Math.max(0, ended.own - begun.own - spunMs / 1000),
    sent,
    errors,
    ...(firstError === undefined ? {} : { firstError }),
  };
}

let waiting: { readonly job: Job; readonly prepared: Prepared } | undefined;
const say = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "go") {
    if (waiting !== undefined) say(await run(waiting.job, waiting.prepared));
    waiting = undefined;
  } else {
    const job = JSON.parse(line) as Job;
    waiting = { job, prepared: prepare(job) };
    say("prepared");
  }
}
