/** The servers under test, each a process on the server's core with a data directory of its own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LineProcess } from "./lines.ts";
import { family, pinned, SERVER_CORE } from "./machine.ts";
import type { Credentials } from "./sign.ts";

export const ROOT = join(import.meta.dirname, "../../..");
export const RUNTIMES = ["node", "bun"] as const;
export type Runtime = (typeof RUNTIMES)[number];
export const runtimePath = (runtime: Runtime): string => join(ROOT, "node_modules/.bin", runtime);

export const CREDENTIALS: Credentials = {
  accessKeyId: "benchroot",
  secretAccessKey: "bench-secret-of-the-root-user",
};
export const BUCKET = "bench";
export const KEY_IDS = [
  "11111111-2222-4333-8444-555555555555",
  "66666666-7777-4888-8999-000000000000",
] as const;
export const keyArn = (index: 0 | 1): string => `arn:aws:kms:us-east-1:000000000000:key/${KEY_IDS[index]}`;

export interface Target {
  readonly port: number;
  /** Whose CPU time and memory count. */
  readonly pids: readonly number[];
  close(): Promise<void>;
}

export interface Store extends Target {
  readonly data: string;
  /** From the start of the process to the first request it could answer. */
  readonly readyMs: number;
  kmsCalls(): Promise<number>;
}

const PRODUCT = "packages/server/bin/strongroom.js";
const IDENTITY = "tools/bench/identity/main.ts";

/** For a look inside: BENCH_RUNTIME_ARGS="--cpu-prof --cpu-prof-dir=DIR"; the parent hands them on to its workers. */
const runtimeArgs = (): string[] => process.env["BENCH_RUNTIME_ARGS"]?.split(" ") ?? [];

/** `pin: false` for the memory probe, which measures no time. `more`: further arguments of `serve`. */
export async function startStore(
  runtime: Runtime,
  kind: "product" | "identity",
  pin = true,
  more: readonly string[] = [],
): Promise<Store> {
  const data = mkdtempSync(join(tmpdir(), "strongroom-bench-"));
  const bootstrap = join(data, "bootstrap.json");
  writeFileSync(
    bootstrap,
    JSON.stringify({ keys: KEY_IDS.map((keyId) => ({ keyId })), buckets: [{ name: BUCKET }] }),
  );
  const command = [
    runtimePath(runtime),
    ...runtimeArgs(),
    join(ROOT, kind === "product" ? PRODUCT : IDENTITY),
    "serve",
    "--data",
    join(data, "store"),
    "--bootstrap",
    bootstrap,
    "--log-level=warn",
    "--listen=127.0.0.1:0",
    "--admin-listen=127.0.0.1:0",
    ...more,
  ];
  const startedMs = performance.now();
  const child = new LineProcess(pin ? pinned(SERVER_CORE, command) : command, {
    ...process.env,
    STRONGROOM_ROOT_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    STRONGROOM_ROOT_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  });
  const port = await child.line((line) => portIn(line, /S3 and KMS +http:\/\/[^ ]*:([0-9]+)/));
  const readyMs = performance.now() - startedMs;
  const admin = await child.line((line) => portIn(line, /admin +http:\/\/[^ ]*:([0-9]+)/));
  return {
    port,
    data,
    readyMs,
    pids: family(child.pid),
    kmsCalls: async () => sumOf(await fetchText(admin, "/metrics"), "strongroom_kms_calls_total"),
    async close() {
      await child.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export async function startLimits(runtime: Runtime): Promise<Target> {
  const command = [runtimePath(runtime), join(ROOT, "tools/bench/limits/http.ts")];
  const child = new LineProcess(pinned(SERVER_CORE, command));
  const port = await child.line((line) => portIn(line, /^listening ([0-9]+)$/));
  return { port, pids: [child.pid], close: () => child.stop() };
}

function portIn(line: string, pattern: RegExp): number | undefined {
  const port = pattern.exec(line)?.[1];
  return port === undefined ? undefined : Number(port);
}

function fetchText(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, agent: false }, (res) => {
      let text = "";
      res.setEncoding("utf8");
      res.on("data", (piece: string) => (text += piece));
      res.on("end", () => resolve(text));
      res.on("error", reject);
    }).on("error", reject);
  });
}

function sumOf(metrics: string, name: string): number {
  let sum = 0;
  for (const line of metrics.split("\n"))
    if (line.startsWith(name)) sum += Number(line.slice(line.lastIndexOf(" ")));
  return sum;
}
