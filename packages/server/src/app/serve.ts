/** `strongroom serve`: the parent process. Takes the control socket, starts the workers, says how to go on, and waits. */
import { relative } from "node:path";
import type { Log } from "../base/log.ts";
import { openAdmin } from "./admin.ts";
import { banner, type BannerFacts, lines, madeLines } from "./banner.ts";
import { UsageError } from "./config.ts";
import { listenControl } from "./control.ts";
import { dataDir, ensureDataDir } from "./data-dir.ts";
import { runJobProcess } from "./job-process.ts";
import { openLog } from "./log.ts";
import { mergeMetrics } from "./metrics-merge.ts";
import { Openings } from "./opening.ts";
import type { Settings } from "./settings.ts";
import { settleLater } from "./settle.ts";
import { Supervisor } from "./supervisor.ts";

export interface ServeOptions {
  readonly settings: Settings;
  /** The program's own file and the settings as given, for workers and jobs. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Resolves with the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const { settings, entry, args, env } = options;
  // A file on a full disk, or a pipe that nobody reads any more: what can't be said ends nothing.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const log: Log = openLog(settings.logLevel, { pid: process.pid });
  const dir = dataDir(settings.data);
  if (settings.workers > 1 && process.versions["bun"] !== undefined) {
    throw new UsageError(
      "--workers: on Bun there is one worker, because its node:http can't share a port between processes; use Node for more",
    );
  }
  ensureDataDir(dir);
  const openings = new Openings(log);
  const ending = new AbortController();
  const jobs = new Set<Promise<void>>();
  const control = await listenControl(dir.socket, (request, answer, closed) => {
    const end = AbortSignal.any([closed, ending.signal]);
    const job = runJobProcess({ entry, args, env, openings }, request, answer, end);
    jobs.add(job);
    return job.finally(() => jobs.delete(job));
  });
  let shown = false;
  const supervisor = new Supervisor({
    entry,
    args: ["worker", ...args],
    workers: settings.workers,
    env,
    log,
    openings,
    onReady: (message) => {
      if (shown) return log.info("a worker is ready", {});
      shown = true;
      settleLater();
      show({ settings, message, made: supervisor.made, admin: admin.address });
    },
  });
  const admin = await openAdmin(settings.adminListen, {
    ready: () => supervisor.ready(),
    metrics: async () => mergeMetrics(await supervisor.metrics()),
  }).catch(async (error: unknown) => {
    // The socket would keep this process, and others off the directory.
    await control.close();
    throw error;
  });
  const stop = (): void => supervisor.stop("SIGTERM");
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", () => supervisor.reload());
  supervisor.start();
  const code = await supervisor.ended;
  admin.close();
  // The socket goes last: whoever finds it gone may open the store.
  ending.abort();
  await Promise.allSettled(jobs);
  await control.close();
  // It is there, whatever came in between, and nothing will show it again.
  if (!shown) process.stdout.write(lines(madeLines(supervisor.made)));
  return code;
}

function show(facts: Omit<BannerFacts, "data">): void {
  const { settings } = facts;
  const data = relative(process.cwd(), settings.data);
  process.stdout.write(banner({ ...facts, data: data.startsWith("..") ? settings.data : `./${data}` }));
}
