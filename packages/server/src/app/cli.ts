/**
 * The command line: `serve`, and the commands that look after a store. Those run inside a running server (through its
 * control socket), else they open the data directory themselves. Exit codes: 0 well, 1 something was found or failed,
 * 2 the command or the settings are wrong.
 *
 * Each command's own modules are loaded when it runs: the parent of `serve` and a command that only asks a running server
 * stay small and start fast.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command, CommanderError, Option } from "commander";
import { loadSettings, UsageError } from "./config.ts";
import { dataDir } from "./data-dir.ts";
import { JOBS } from "./jobs/index.ts";
import type { JobCommand } from "./jobs/job.ts";
import { SETTINGS, type Settings } from "./settings.ts";
import { VERSION } from "./version.ts";

interface Invocation {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** This program's file, to start workers and jobs with. */
  readonly entry: string;
}

export async function runCli(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  entry: string,
): Promise<number> {
  let code = 0;
  const done = (c: number): void => {
    code = c;
  };
  const program = buildProgram({ argv, env, entry }, done);
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError || (error instanceof Error && error.name === "KeyringError")) {
      process.stderr.write(`strongroom: ${error.message}\n`);
      return 2;
    }
    // What the system refuses (a full disk, a file that is not there) is no fault of ours to trace.
    if (error instanceof Error && "syscall" in error) {
      process.stderr.write(`strongroom: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
  return code;
}

function buildProgram(invocation: Invocation, done: (code: number) => void): Command {
  const program = new Command("strongroom")
    .description("An S3-compatible object store in which an unencrypted object cannot exist.")
    .version(VERSION)
    .showHelpAfterError("(strongroom --help lists the commands)")
    .exitOverride();
  program.addCommand(serveCommand(invocation, done));
  program.addCommand(workerCommand(invocation), { hidden: true });
  program.addCommand(jobCommand(invocation, done), { hidden: true });
  program.addCommand(warmUpCommand(), { hidden: true });
  for (const job of JOBS) program.addCommand(userCommand(invocation, job, done));
  return program;
}

/** Every setting as an option; nothing has a default here, so that environment and file can speak. */
function withSettings(
  command: Command,
  names: readonly (keyof typeof SETTINGS)[] = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[],
): Command {
  for (const name of names) {
    const setting: { readonly flag?: string; readonly help: string } = SETTINGS[name];
    if (setting.flag !== undefined) command.addOption(new Option(setting.flag, setting.help));
  }
  return command
    .option("--config <file>", "JSON file of settings, by the same names in camelCase")
    .exitOverride();
}

/** Commander names options in camel case, as the settings are named. */
function settingsOf(command: Command, env: NodeJS.ProcessEnv): Settings {
  const { config, ...flags } = command.opts<Record<string, unknown>>();
  const known = Object.fromEntries(Object.entries(flags).filter(([name]) => name in SETTINGS));
  return loadSettings({ flags: known, env, ...(typeof config === "string" ? { configFile: config } : {}) });
}

/** The same settings again, for a child process. */
function settingArgs(command: Command): string[] {
  const args: string[] = [];
  for (const [name, value] of Object.entries(command.opts<Record<string, unknown>>())) {
    if (name !== "config" && !(name in SETTINGS)) continue;
    const flag = `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    if (value === true) args.push(flag);
    else if (typeof value === "string") args.push(flag, value);
  }
  return args;
}

function serveCommand({ env, entry }: Invocation, done: (code: number) => void): Command {
  const command = withSettings(new Command("serve")).description("start the store");
  command.addHelpText(
    "after",
    "\nEvery option is also an environment variable (--admin-listen: STRONGROOM_ADMIN_LISTEN) and a member of the config file\n(adminListen). The root user's access key can be set with STRONGROOM_ROOT_ACCESS_KEY_ID and STRONGROOM_ROOT_SECRET_ACCESS_KEY.",
  );
  return command.action(async () => {
    const { serve } = await import("./serve.ts");
    done(
      await serve({
        settings: settingsOf(command, env),
        entry,
        args: settingArgs(command),
        env: withoutWorker(env),
      }),
    );
  });
}

/** Internal: a child of `serve`. */
function workerCommand({ env }: Invocation): Command {
  const command = withSettings(new Command("worker"));
  return command.action(async () => {
    const { runWorker } = await import("./worker.ts");
    const { readWorkerStart } = await import("./supervisor.ts");
    await runWorker(settingsOf(command, withoutWorker(env)), readWorkerStart(env[WORKER_VARIABLE]));
  });
}
const WORKER_VARIABLE = "STRONGROOM_WORKER";
function withoutWorker(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { [WORKER_VARIABLE]: _, ...rest } = env;
  return rest;
}

/** Internal: run once after an installation. Loading the server leaves its compiled code where the first start finds it. */
function warmUpCommand(): Command {
  return new Command("warm-up").action(async () => {
    const [{ loadAll }] = await Promise.all([
      import("./services/index.ts"),
      import("./serve.ts"),
      import("./worker.ts"),
    ]);
    await loadAll();
  });
}

/** Internal: a command that a server runs for a client of its control socket. */
function jobCommand({ env }: Invocation, done: (code: number) => void): Command {
  const command = withSettings(new Command("job")).argument("<args...>");
  return command.action(async (args: string[]) => {
    const [name = "", ...rest] = args;
    const job = JOBS.find((j) => j.name === name);
    if (job === undefined) throw new UsageError(`unknown command ${name}`);
    const { runJob } = await import("./jobs/run.ts");
    done(await runJob(job, rest, settingsOf(command, env), { beside: true }));
  });
}

/** What people type. `--data` (and the root key) say which store; everything else is the command's own. */
function userCommand({ env }: Invocation, job: JobCommand, done: (code: number) => void): Command {
  const command = withSettings(new Command(job.name), [
    "data",
    "rootKey",
    "region",
    "account",
    "logLevel",
  ]).description(job.summary);
  for (const argument of job.arguments) command.argument(argument.name, argument.help);
  for (const { flags, help, repeated } of job.options) {
    const option = new Option(flags, help);
    if (repeated) option.argParser((value: string, before?: readonly string[]) => [...(before ?? []), value]);
    command.addOption(option);
  }
  return command.action(async (...given: unknown[]) => {
    const settings = settingsOf(command, env);
    const positional = given
      .slice(0, job.arguments.length)
      .filter((a) => typeof a === "string")
      .map((a, i) => (job.arguments[i]?.path === true ? resolve(a) : a));
    const args = [...positional, ...optionArgs(command, job)];
    const { offline } = job;
    if (offline !== undefined && isOffline(offline, positional[0], command.opts())) {
      const { runOffline } = await import("./jobs/run.ts");
      return done(await runOffline(offline, job, args));
    }
    const [{ askServer }, { terminalOutput }] = await Promise.all([
      import("./control.ts"),
      import("./jobs/terminal.ts"),
    ]);
    const request = { command: job.name, args };
    const answered = await askServer(dataDir(settings.data).socket, request, terminalOutput());
    if (answered !== undefined) return done(answered);
    const { runJob } = await import("./jobs/run.ts");
    done(await aloneOn(settings.data, job.name, () => runJob(job, args, settings, { beside: false })));
  });
}

/** Takes the socket as a server does: two that open the store without a word to each other may lose a commit (ADR 14). */
async function aloneOn(data: string, name: string, run: () => Promise<number>): Promise<number> {
  if (!existsSync(data)) return run();
  const { listenControl } = await import("./control.ts");
  const control = await listenControl(dataDir(data).socket, async (_, answer) => {
    await answer({ err: `strongroom ${name} has ${data} open; try again when it has ended` });
    await answer({ exit: 1 });
  });
  try {
    return await run();
  } finally {
    await control.close();
  }
}

const isOffline = (
  { actions, option }: NonNullable<JobCommand["offline"]>,
  action: string | undefined,
  given: Readonly<Record<string, unknown>>,
): boolean => actions.includes(action ?? "") && (option === undefined || given[option] !== undefined);

function optionArgs(command: Command, job: JobCommand): string[] {
  const given = command.opts<Record<string, unknown>>();
  return job.options.flatMap(({ flags, path }) => {
    const option = new Option(flags);
    const value = given[option.attributeName()];
    const flag = option.long ?? "";
    if (value === undefined || value === false) return [];
    if (value === true) return [flag];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.filter((v) => typeof v === "string").flatMap((v) => [flag, path === true ? resolve(v) : v]);
  });
}
