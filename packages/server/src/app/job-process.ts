/**
 * Commands that come through the control socket run in a process of their own, with the server's settings: they open the
 * same data directory beside the workers, and neither their memory nor their time is taken from requests.
 */
import { fork } from "node:child_process";
import { createInterface } from "node:readline";
import type { ControlAnswer, ControlRequest } from "./control.ts";
import type { Openings } from "./opening.ts";

/** What may be asked for; everything else is refused before a process is started. */
const COMMANDS = new Set([
  "account",
  "audit",
  "backup",
  "inventory",
  "key",
  "rewrap",
  "root-key",
  "uploads",
  "verify",
]);

export interface JobHost {
  readonly entry: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly openings: Openings;
}

export function runJobProcess(
  host: JobHost,
  request: ControlRequest,
  answer: (a: ControlAnswer) => Promise<void>,
  closed: AbortSignal,
): Promise<void> {
  if (!COMMANDS.has(request.command)) {
    void answer({ err: `unknown command ${request.command}` });
    return answer({ exit: 2 });
  }
  if (closed.aborted) {
    void answer({ err: "the server is ending; try again when it has" });
    return answer({ exit: 1 });
  }
  const child = fork(host.entry, ["job", ...host.args, "--", request.command, ...request.args], {
    env: host.env,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  host.openings.attend(child);
  child.on("message", (message: unknown) => {
    const text = progressOf(message);
    if (text !== undefined) void answer({ progress: text });
  });
  const { promise: whenAborted, resolve: aborted } = Promise.withResolvers<void>();
  const end = (): void => {
    child.kill("SIGTERM");
    aborted();
  };
  closed.addEventListener("abort", end);
  const lines = async (
    stream: NodeJS.ReadableStream | null,
    wrap: (text: string) => ControlAnswer,
  ): Promise<void> => {
    if (stream === null) return;
    // Waits for whoever reads: a long list (an inventory) must not gather here.
    for await (const line of createInterface({ input: stream })) await answer(wrap(line));
  };
  const output = Promise.all([
    lines(child.stdout, (out) => ({ out })),
    lines(child.stderr, (err) => ({ err })),
  ]);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      closed.removeEventListener("abort", end);
      // Whoever asked for the end need not wait for a reader that stands still.
      void Promise.race([output, whenAborted]).then(() => {
        // Exit code 1 alone would be that of a command that has something to tell.
        if (signal !== null) void answer({ err: `${request.command}: its process was ended by ${signal}` });
        void answer({ exit: code ?? 1 });
        resolve();
      }, reject);
    });
  });
}

const progressOf = (message: unknown): string | undefined =>
  typeof message === "object" &&
  message !== null &&
  "progress" in message &&
  typeof message.progress === "string"
    ? message.progress
    : undefined;
