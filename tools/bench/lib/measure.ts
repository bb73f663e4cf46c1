/** One measurement: a job for the load generator against one target. */
import { join } from "node:path";
import type { Job, Requests, Result } from "./job.ts";
import { LineProcess } from "./lines.ts";
import { LOAD_CORE, pinned, SERVER_CORE } from "./machine.ts";
import { CREDENTIALS, ROOT, type Runtime, runtimePath, type Target } from "./server.ts";

/** Of large bodies too few pass in any time; compiled code is not what they wait for. */
const WARM_BYTES_MAX = 64 * 1024;

export interface Pace {
  readonly warmupSeconds: number;
  readonly warmupRequests: number;
  readonly seconds: number;
  readonly connections: number;
}

export class LoadGenerator {
  readonly #process = new LineProcess(
    pinned(LOAD_CORE, [runtimePath("node"), join(ROOT, "tools/bench/load/main.ts")]),
  );

  readonly #warmed = new Set<string>();

  async run(target: Target, requests: Requests, pace: Pace): Promise<Result> {
    // Once for each kind of request that a server meets.
    const kind = `${target.port} ${requests.method} ${requests.query ?? ""}`;
    const warm = this.#warmed.has(kind) || (requests.bodyBytes ?? 0) > WARM_BYTES_MAX;
    this.#warmed.add(kind);
    const warmupRequests = warm ? 0 : pace.warmupRequests;
    const job: Job = {
      ...pace,
      warmupRequests,
      port: target.port,
      pids: target.pids,
      credentials: CREDENTIALS,
      requests,
    };
    this.#process.say(JSON.stringify(job));
    await this.#process.line((line) => (line === '"prepared"' ? true : undefined));
    this.#process.say("go");
    const result = await this.#process.line((line) => JSON.parse(line) as Result);
    if (result.errors > 0) {
      throw new Error(
        `${requests.method} ${requests.path}: ${result.errors} errors: ${result.firstError ?? ""}`,
      );
    }
    return result;
  }

  close(): Promise<void> {
    return this.#process.stop();
  }
}

export interface RawRate {
  readonly requests: number;
  readonly seconds: number;
  readonly bestRate: number;
  readonly cpuSeconds: number;
}

/** Raw durable LMDB puts in a process of their own on the server's core. */
export async function rawLmdb(runtime: Runtime, size: number, pace: Pace): Promise<RawRate> {
  const args = [pace.seconds, size, pace.connections].map(String);
  const command = [runtimePath(runtime), join(ROOT, "tools/bench/limits/lmdb.ts"), ...args];
  const child = new LineProcess(pinned(SERVER_CORE, command));
  const rate = await child.line((line) => JSON.parse(line) as RawRate);
  await child.stop();
  return rate;
}
