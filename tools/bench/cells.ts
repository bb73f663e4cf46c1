/** Measures cells: one operation, mode and size on one runtime, its limits right after it, so that noise hits both. */
import { createHash } from "node:crypto";
import type { Requests, Result } from "./lib/job.ts";
import { LoadGenerator, type Pace, rawLmdb, type RawRate } from "./lib/measure.ts";
import { touchPages } from "./lib/pages.ts";
import {
  BUCKET,
  keyArn,
  type Runtime,
  startLimits,
  startStore,
  type Store,
  type Target,
} from "./lib/server.ts";
import { median } from "./lib/stats.ts";
import {
  asLimit,
  cellPath,
  getRequests,
  KIB,
  type Mode,
  modeOf,
  putRequests,
  SMALL_BYTES_MAX,
} from "./matrix.ts";

export interface Limit {
  readonly name: string;
  readonly rate: number;
  /** Of the best quarter second, as in a cell. */
  readonly bestRate: number;
  readonly cpuMicros: number;
}

export interface Cell {
  readonly runtime: Runtime;
  readonly operation: string;
  readonly mode: string;
  readonly size: string;
  readonly bytes: number;
  readonly rate: number;
  /** The best quarter second: rate, and below the CPU time of a request. */
  readonly bestRate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicros: number;
  /** The load generator's share of its core. Near 1 the figure is the generator's, not the server's. */
  readonly loadCpu: number;
  readonly kmsCalls: number;
  readonly limits: readonly Limit[];
  /** Requests that were answered, warm-up included. */
  readonly sent: number;
}

export interface What {
  readonly operation: string;
  readonly mode: string;
  readonly size: string;
  readonly bytes: number;
  readonly requests: Requests;
}

/** 64 MiB bodies of 32 connections would hold gigabytes of half-written files. */
const LARGE_CONNECTIONS = 8;
const LARGE_BYTES = 16 * 1024 * KIB;
const FLOOR_MODES = ["SSE-S3", "SSE-KMS"];
/** Streams up to this live in the record store. */
const INLINE_BYTES_MAX = 32 * KIB;

export class Bench {
  readonly #runtime: Runtime;
  readonly #pace: Pace;
  readonly #product: Store;
  readonly #identity: Store | undefined;
  readonly #limits: Target;
  readonly #load = new LoadGenerator();
  /** By path: names that PUTs have used, and objects that are there for GETs. */
  readonly #stored = new Map<string, number>();
  readonly #present = new Map<string, number>();

  private constructor(
    runtime: Runtime,
    pace: Pace,
    targets: { product: Store; identity: Store | undefined; limits: Target },
  ) {
    this.#runtime = runtime;
    this.#pace = pace;
    this.#product = targets.product;
    this.#identity = targets.identity;
    this.#limits = targets.limits;
  }

  static async open(runtime: Runtime, pace: Pace, withIdentity = true): Promise<Bench> {
    const product = await startStore(runtime, "product");
    const identity = withIdentity ? await startStore(runtime, "identity") : undefined;
    return new Bench(runtime, pace, { product, identity, limits: await startLimits(runtime) });
  }

  async close(): Promise<void> {
    await this.#load.close();
    for (const target of [this.#product, this.#identity, this.#limits]) await target?.close();
  }

  #paceFor(bytes: number): Pace {
    const connections = Math.min(this.#pace.connections, bytes >= LARGE_BYTES ? LARGE_CONNECTIONS : Infinity);
    // A large transfer takes a second or more: the clock must hold several.
    const seconds = bytes >= LARGE_BYTES ? Math.max(4, this.#pace.seconds * 2) : this.#pace.seconds;
    return { ...this.#pace, connections, seconds };
  }

  async #run(target: Target, requests: Requests, bytes: number): Promise<Result> {
    if (requests.method === "PUT" && bytes >= LARGE_BYTES) touchPages();
    return this.#load.run(target, requests, this.#paceFor(bytes));
  }

  async cell(what: What, limits: readonly Limit[]): Promise<Cell> {
    const { operation, mode, size, bytes, requests } = what;
    const before = await this.#product.kmsCalls();
    const result = await this.#run(this.#product, requests, bytes);
    const calls = (await this.#product.kmsCalls()) - before;
    return {
      runtime: this.#runtime,
      operation,
      mode,
      size,
      bytes,
      rate: result.requests / result.seconds,
      p50Ms: result.p50Ms,
      p99Ms: result.p99Ms,
      bestRate: result.bestRate,
      cpuMicros: result.bestCpuMicros,
      loadCpu: result.loadCpuSeconds / result.seconds,
      kmsCalls: calls / Math.max(1, result.sent),
      sent: result.sent,
      limits,
    };
  }

  /** New objects on every call. The identity server gets the same ones, so that it can be asked for them. */
  async put(mode: Mode, size: string, bytes: number, limits: readonly Limit[]): Promise<Cell> {
    const path = cellPath(mode, bytes);
    const requests = putRequests(mode, bytes, this.#stored.get(path) ?? 0);
    const cell = await this.cell({ operation: "PUT", mode: mode.name, size, bytes, requests }, limits);
    const identity = await this.#identityLimit(mode, requests, bytes);
    // Objects of the first round are those that GETs ask for: as many as every server has.
    const sent = Math.min(cell.sent, ...identity.map((limit) => limit.sent));
    if (!this.#present.has(path)) this.#present.set(path, sent);
    this.#stored.set(path, (this.#stored.get(path) ?? 0) + requests.count);
    return { ...cell, limits: [...limits, ...identity] };
  }

  async get(mode: Mode, size: string, bytes: number, limits: readonly Limit[]): Promise<Cell> {
    const requests = getRequests(mode, bytes, this.#kept(mode, bytes));
    const cell = await this.cell({ operation: "GET", mode: mode.name, size, bytes, requests }, limits);
    return { ...cell, limits: [...limits, ...(await this.#identityLimit(mode, requests, bytes))] };
  }

  /** How many objects of a cell are there for sure. */
  #kept(mode: Mode, bytes: number): number {
    const stored = this.#present.get(cellPath(mode, bytes)) ?? 0;
    return Math.min(stored, bytes >= LARGE_BYTES ? 8 : bytes > SMALL_BYTES_MAX ? 64 : 2000);
  }

  /** For the modes that have floors: the others differ in keys, not in what is done to bytes. */
  async #identityLimit(
    mode: Mode,
    requests: Requests,
    bytes: number,
  ): Promise<(Limit & { readonly sent: number })[]> {
    if (this.#identity === undefined || !FLOOR_MODES.includes(mode.name)) return [];
    const result = await this.#run(this.#identity, requests, bytes);
    return [{ ...limitOf("identity", result), sent: result.sent }];
  }

  async limits(operation: "PUT" | "GET", bytes: number): Promise<Limit[]> {
    const mode = modeOf("SSE-S3");
    const requests =
      operation === "GET"
        ? getRequests(mode, bytes, 1000)
        : { ...putRequests(mode, bytes, 0), signPayload: true };
    const http = async (name: string, path: string): Promise<Limit> =>
      limitOf(name, await this.#run(this.#limits, asLimit(requests, path), bytes));
    if (operation === "GET") {
      return [
        bytes <= SMALL_BYTES_MAX
          ? await http("bare http", `/bare/${bytes}/{i}`)
          : await http("file", `/file/${bytes}/{i}`),
      ];
    }
    if (bytes > INLINE_BYTES_MAX) return [await http("http+synced file", "/file/{i}")];
    const raw = await rawLmdb(this.#runtime, bytes, this.#paceFor(bytes));
    return [rawLimit("raw LMDB", raw), await http("http+LMDB", "/lmdb/{i}")];
  }

  async list(): Promise<Cell> {
    const query = "list-type=2&max-keys=1000&prefix=sse-s3%2F4096%2F";
    const requests = { method: "GET", path: `/${BUCKET}`, query, first: 0, count: 1 };
    return this.cell({ operation: "list page", mode: "", size: "1000 keys", bytes: 0, requests }, []);
  }

  async copy(size: string, bytes: number): Promise<Cell> {
    const mode = modeOf("SSE-S3");
    const count = this.#kept(mode, bytes);
    const source = cellPath(mode, bytes);
    const requests = {
      method: "PUT",
      path: `/${BUCKET}/copy/${bytes}/{i}`,
      headers: { "x-amz-copy-source": source, "x-amz-metadata-directive": "COPY" },
      first: 0,
      count,
      once: true,
    };
    return this.cell({ operation: "copy", mode: mode.name, size, bytes, requests }, []);
  }

  async rewrap(size: string, bytes: number): Promise<Cell> {
    const mode = modeOf("SSE-KMS");
    const bodyText = `<ObjectEncryption xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><SSE-KMS><KMSKeyArn>${keyArn(1)}</KMSKeyArn></SSE-KMS></ObjectEncryption>`;
    const requests = {
      method: "PUT",
      path: cellPath(mode, bytes),
      query: "encryption=",
      headers: { "content-md5": createHash("md5").update(bodyText).digest("base64") },
      bodyText,
      signPayload: true,
      first: 0,
      count: this.#kept(mode, bytes),
      once: true,
    };
    return this.cell({ operation: "rewrap", mode: mode.name, size, bytes, requests }, []);
  }
}

const limitOf = (name: string, result: Result): Limit => ({
  name,
  rate: result.requests / result.seconds,
  bestRate: result.bestRate,
  cpuMicros: result.bestCpuMicros,
});
const rawLimit = (name: string, raw: RawRate): Limit => ({
  name,
  rate: raw.requests / raw.seconds,
  bestRate: raw.bestRate,
  cpuMicros: (raw.cpuSeconds * 1e6) / Math.max(1, raw.requests),
});

/** Of several rounds of one cell, the medians. */
export function medianCell(rounds: readonly Cell[]): Cell {
  const [first] = rounds;
  if (first === undefined) throw new Error("INVARIANT: at least one round");
  const of = (read: (cell: Cell) => number): number => median(rounds.map(read));
  return {
    ...first,
    rate: of((c) => c.rate),
    bestRate: of((c) => c.bestRate),
    p50Ms: of((c) => c.p50Ms),
    p99Ms: of((c) => c.p99Ms),
    cpuMicros: of((c) => c.cpuMicros),
    loadCpu: of((c) => c.loadCpu),
    kmsCalls: of((c) => c.kmsCalls),
    limits: first.limits.map((limit, i) => ({
      name: limit.name,
      rate: of((c) => c.limits[i]?.rate ?? 0),
      bestRate: of((c) => c.limits[i]?.bestRate ?? 0),
      cpuMicros: of((c) => c.limits[i]?.cpuMicros ?? 0),
    })),
  };
}

/**
 * Shares of a limit, by the best quarter second of each: the median of the rounds' own, since what else the machine does
 * in one round hits both sides.
 */
export function shareOf(
  rounds: readonly Cell[],
  limit: string,
): { readonly rate: number; readonly cpu: number } {
  const shares = rounds.map((cell) => {
    const found = cell.limits.find((l) => l.name === limit);
    return {
      rate: cell.bestRate / (found?.bestRate ?? NaN),
      cpu: (found?.cpuMicros ?? NaN) / cell.cpuMicros,
    };
  });
  return { rate: median(shares.map((s) => s.rate)), cpu: median(shares.map((s) => s.cpu)) };
}
