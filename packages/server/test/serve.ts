/**
 * Real processes for tests: starts `strongroom serve` on ports of its own in a directory of its own, waits until it says
 * that it is ready, and ends it by process id. STRONGROOM_TEST_RUNTIME=bun runs the server on Bun.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KMSClientConfig, KMSClient } from "@aws-sdk/client-kms";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";

const ROOT = join(import.meta.dirname, "../../..");
const ENTRY = join(ROOT, "packages/server/bin/strongroom.js");
export const ON_BUN: boolean = process.env["STRONGROOM_TEST_RUNTIME"] === "bun";
const RUNTIME = ON_BUN ? join(ROOT, "node_modules/.bin/bun") : process.execPath;
/** Generous: the machine that tests may be busy. */
const READY_MS = 20_000;

export const ACCESS_KEY_ID = "test-root";
export const SECRET_ACCESS_KEY = "test-root-secret";
export const CREDENTIALS = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY };

export interface ServeOptions {
  readonly data: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Root credentials of the environment; false: none, the store makes them. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | false;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The environment without whatever settings the tests themselves were started with. */
function cleanEnvironment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(STRONGROOM|NODE_TEST|NODE_OPTIONS)/.test(name),
  );
  return { ...Object.fromEntries(own), ...more };
}

function start(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd?: string,
  output: "pipe" | number = "pipe",
): Started {
  const child = spawn(RUNTIME, [ENTRY, ...args], {
    env: cleanEnvironment(env),
    stdio: ["ignore", output, output],
    ...(cwd === undefined ? {} : { cwd }),
  });
  return new Started(child);
}

const directories = new Set<string>();
const running = new Set<ChildProcess>();
/**
 * At the very end: a test's `after` hooks run in the order of their registration, the first to fail is the last to run,
 * and a directory can't be removed reliably while its server writes to it.
 */
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const path of directories) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
});

class Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  out = "";
  err = "";

  constructor(child: ChildProcess) {
    this.child = child;
    running.add(child);
    child.on("close", () => running.delete(child));
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.out += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.err += text));
    this.ended = new Promise((resolve) => {
      child.on("close", (code, signal) => resolve({ code, signal }));
    });
  }
}

/** Runs one command to its end. */
export async function command(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const started = start(args, env, cwd);
  const { code } = await started.ended;
  return { code, out: started.out, err: started.err };
}

/** Starts a command that a test kills; its process id and end. `output`: a descriptor for all that it says. */
export function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  output?: number,
): Started {
  return start(args, env, undefined, output);
}

/** Process ids of a server's workers (and jobs). */
export function childrenOf(pid: number): number[] {
  try {
    const listed = execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" });
    return listed.trim().split("\n").map(Number);
  } catch (error) {
    // It found none. A pgrep that is missing or fails must not look so.
    if (error instanceof Error && "status" in error && error.status === 1) return [];
    throw error;
  }
}

export class Served {
  readonly #started: Started;
  readonly data: string;
  /** HOST:PORT. */
  readonly address: string;
  readonly tlsAddress: string | undefined;
  readonly adminAddress: string;

  constructor(started: Started, data: string) {
    this.#started = started;
    this.data = data;
    this.address = /S3 and KMS {2}http:\/\/(\S+)/.exec(started.out)?.[1] ?? "";
    this.tlsAddress = /over TLS {4}https:\/\/(\S+)/.exec(started.out)?.[1];
    this.adminAddress = /admin {7}http:\/\/(\S+)/.exec(started.out)?.[1] ?? "";
  }

  get endpoint(): string {
    return `http://${this.address}`;
  }
  get out(): string {
    return this.#started.out;
  }
  get err(): string {
    return this.#started.err;
  }
  get pid(): number {
    return this.#started.child.pid ?? 0;
  }
  get ended(): Promise<Ended> {
    return this.#started.ended;
  }

  children(): number[] {
    return childrenOf(this.pid);
  }

  s3(config: S3ClientConfig = {}): S3Client {
    return new S3Client({
      endpoint: this.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: CREDENTIALS,
      maxAttempts: 1,
      ...config,
    });
  }
  kms(config: KMSClientConfig = {}): KMSClient {
    return new KMSClient({
      endpoint: this.endpoint,
      region: "us-east-1",
      credentials: CREDENTIALS,
      maxAttempts: 1,
      ...config,
    });
  }

  async admin(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const answer = await fetch(`http://${this.adminAddress}${path}`);
    return { status: answer.status, body: await answer.text() };
  }

  /** Ends it as an operator does. */
  async stop(): Promise<Ended> {
    this.#started.child.kill("SIGTERM");
    return this.#started.ended;
  }

  /** Ends parent and workers without any warning. */
  async killAll(): Promise<void> {
    const children = this.children();
    this.#started.child.kill("SIGKILL");
    for (const pid of children) killPid(pid, "SIGKILL");
    await this.#started.ended;
  }
}

export function killPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

export async function serve(options: ServeOptions): Promise<Served> {
  const { data, args = [], env = {}, credentials = CREDENTIALS } = options;
  const root =
    credentials === false
      ? {}
      : {
          STRONGROOM_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
          STRONGROOM_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        };
  const given = ["--data", data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", ...args];
  const started = start(["serve", ...given], { ...root, ...env });
  const untilMs = Date.now() + READY_MS;
  let over: Ended | undefined;
  void started.ended.then((ended) => (over = ended));
  // The last line of what it says when it is ready.
  while (!started.out.includes("aws s3 cp s3://demo/hello -")) {
    if (over !== undefined || Date.now() > untilMs) {
      started.child.kill("SIGKILL");
      throw new Error(`serve did not start: ${JSON.stringify(over)}\n${started.out}\n${started.err}`);
    }
    await new Promise((done) => setTimeout(done, 10));
  }
  return new Served(started, data);
}

/** A directory that goes when the test file ends. Short, because a Unix socket's path lies in it. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "sr-"));
  directories.add(path);
  return path;
}

/** Waits until it holds; throws after `ms`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 10_000,
): Promise<void> {
  const untilMs = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > untilMs) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
