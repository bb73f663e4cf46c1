/** Child processes that talk in lines. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

const running = new Set<ChildProcess>();
/** A bench that is broken off leaves no server behind. */
process.on("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

export class LineProcess {
  readonly child: ChildProcess;
  readonly #lines: string[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    const [program = "", ...args] = command;
    this.child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], env });
    running.add(this.child);
    this.child.once("exit", () => running.delete(this.child));
    const { stdout } = this.child;
    if (stdout === null) throw new Error("INVARIANT: stdout is a pipe");
    const reader = createInterface({ input: stdout });
    const wake = (): void => {
      this.#wake?.();
      this.#wake = undefined;
    };
    reader.on("line", (line) => {
      this.#lines.push(line);
      wake();
    });
    reader.on("close", () => {
      this.#ended = true;
      wake();
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  say(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** The next line that `wanted` finds something in; throws when the process ends before. */
  async line<T>(wanted: (line: string) => T | undefined): Promise<T> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) {
        const found = wanted(line);
        if (found !== undefined) return found;
        continue;
      }
      if (this.#ended) throw new Error(`${this.child.spawnargs.join(" ")} ended too early`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return Promise.resolve();
    const ended = new Promise<void>((resolve) => this.child.once("exit", () => resolve()));
    this.child.kill(signal);
    return ended;
  }
}
