/** Opens the store for one command, runs it, closes. */
import { parseArgs } from "node:util";
import { UsageError } from "../config.ts";
import { openEngine } from "../engine.ts";
import { openLog } from "../log.ts";
import type { Settings } from "../settings.ts";
import type { JobCommand, JobInput, JobOutput } from "./index.ts";

export interface JobSurroundings {
  /** A server runs on the directory too; this is a process of its. */
  readonly beside: boolean;
}

export async function runJob(
  job: JobCommand,
  args: readonly string[],
  settings: Settings,
  _where: JobSurroundings,
): Promise<number> {
  const input = readInput(job, args);
  const log = openLog(settings.logLevel === "info" ? "warn" : settings.logLevel, { command: job.name });
  const engine = await openEngine(
    settings,
    {
      log,
      kmsCall: () => {},
      onFatal: (cause) => {
        throw cause;
      },
    },
    false,
  );
  try {
    const run = await job.load();
    return await run(engine, input, terminalOutput());
  } finally {
    await engine.close();
  }
}

function readInput(job: JobCommand, args: readonly string[]): JobInput {
  const options = Object.fromEntries(
    job.options.map(({ flags, repeated }) => {
      const name = /--([a-z-]+)/.exec(flags)?.[1] ?? "";
      const type = flags.includes("<") ? ("string" as const) : ("boolean" as const);
      return [name, { type, multiple: repeated === true }];
    }),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    });
    const given = new Map<string, readonly string[] | true>();
    for (const [name, value] of Object.entries(values)) {
      if (value === true) given.set(name, true);
      else if (typeof value === "string") given.set(name, [value]);
      else if (Array.isArray(value)) given.set(name, value.map(String));
    }
    return { args: positionals, options: given };
  } catch (cause) {
    throw new UsageError(
      `${job.name}: ${cause instanceof Error ? cause.message : "the arguments are not right"}`,
      { cause },
    );
  }
}

function terminalOutput(): JobOutput {
  const live = process.stderr.isTTY;
  let shown = false;
  const clear = (): void => {
    if (shown) process.stderr.write("\r\x1b[K");
    shown = false;
  };
  return {
    out(text) {
      clear();
      process.stdout.write(`${text}\n`);
    },
    err(text) {
      clear();
      process.stderr.write(`${text}\n`);
    },
    progress(text) {
      if (!live) return;
      process.stderr.write(`\r\x1b[K${text}`);
      shown = true;
    },
  };
}
