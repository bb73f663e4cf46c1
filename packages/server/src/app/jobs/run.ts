/** Opens the store for one command, runs it, closes. */
import { parseArgs } from "node:util";
import { endUnfitProcess } from "../../store/local/fail-stop.ts";
import { UsageError } from "../config.ts";
import { openEngine } from "../engine.ts";
import { openLog } from "../log.ts";
import { OpeningTurn } from "../opening-turn.ts";
import type { Settings } from "../settings.ts";
import type { JobCommand, JobInput } from "./job.ts";
import { terminalOutput } from "./terminal.ts";

export interface JobSurroundings {
  /** A server runs on the directory too; this is a process of its. */
  readonly beside: boolean;
}

export async function runJob(
  job: JobCommand,
  args: readonly string[],
  settings: Settings,
  { beside }: JobSurroundings,
): Promise<number> {
  const input = readInput(job, args, beside);
  const log = openLog(settings.logLevel === "info" ? "warn" : settings.logLevel, { command: job.name });
  const turn = beside ? new OpeningTurn() : undefined;
  try {
    const engine = await openEngine(
      settings,
      {
        log,
        kmsCall: () => {},
        onFatal: (error) => {
          log.error("the store failed", { error });
          endUnfitProcess();
        },
      },
      false,
      turn,
    );
    try {
      const run = await job.load();
      return await run(engine, input, terminalOutput(progressToParent));
    } finally {
      await engine.close();
    }
  } finally {
    turn?.end();
  }
}

/** For what needs no store: nothing is opened. */
export async function runOffline(
  offline: NonNullable<JobCommand["offline"]>,
  job: JobCommand,
  args: readonly string[],
): Promise<number> {
  const run = await offline.load();
  return run(readInput(job, args, false), terminalOutput());
}

function readInput(job: JobCommand, args: readonly string[], beside: boolean): JobInput {
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
    return { args: positionals, options: given, beside };
  } catch (cause) {
    throw new UsageError(
      `${job.name}: ${cause instanceof Error ? cause.message : "the arguments are not right"}`,
      { cause },
    );
  }
}

/** The server hands it on to whoever asked. */
const progressToParent =
  process.send === undefined ? undefined : (text: string): void => void process.send?.({ progress: text });
