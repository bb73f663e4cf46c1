/** What the bench asks of the load generator, one JSON line each way. */
import type { Credentials } from "./sign.ts";

export interface Job {
  readonly port: number;
  readonly connections: number;
  readonly warmupSeconds: number;
  /** The clock starts after this many answers, too: until then the engine is still compiling what it runs. */
  readonly warmupRequests: number;
  readonly seconds: number;
  /** Whose CPU time is counted over the measured seconds. */
  readonly pids: readonly number[];
  readonly credentials: Credentials;
  readonly requests: Requests;
}

/** `{i}` in path and header values stands for the number of the request: first, first + 1, … */
export interface Requests {
  readonly method: string;
  readonly path: string;
  /** In canonical form. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyBytes?: number;
  readonly bodyText?: string;
  /** The payload's hash signed (what clients do over plain HTTP), or unsigned (over TLS). */
  readonly signPayload?: boolean;
  readonly first: number;
  readonly count: number;
  /** Stop when every request was sent, rather than begin again. */
  readonly once?: boolean;
}

export interface Result {
  /** In the measured seconds. */
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly serverCpuSeconds: number;
  /**
   * The best quarter second: highest rate, least CPU a request. On a machine that others use it says what the server can
   * do, where the mean says what was left to it.
   */
  readonly bestRate: number;
  readonly bestCpuMicros: number;
  /** Without the turns in which it only looked for answers. */
  readonly loadCpuSeconds: number;
  /** With the warm-up: how many were sent, from `first` on. */
  readonly sent: number;
  readonly errors: number;
  readonly firstError?: string;
}
