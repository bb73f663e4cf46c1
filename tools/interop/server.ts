/** A store of its own for one interop run: started as a user starts it, on free ports, in a directory that goes away. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./shell.ts";

const MAIN = join(import.meta.dirname, "../../packages/server/src/app/main.ts");
const CERT = join(import.meta.dirname, "../../testdata/tls/first.crt");
const READY_MS = 30_000;
const ACCESS_KEY = { id: "interop", secret: "interop-secret-0123456789" };
export const REGION = "us-east-1";

export interface Server {
  readonly endpoint: string;
  readonly endpointTls: string;
  /** The certificate to trust for it. */
  readonly caCert: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Scratch space, removed with the server. */
  readonly dir: string;
  /** For child processes: credentials, endpoint and region as the AWS tools read them. */
  readonly env: NodeJS.ProcessEnv;
  /** `strongroom …` on the store, beside the server. Resolves with what it printed. */
  command(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

export async function startServer(): Promise<Server> {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-interop-"));
  const child = spawn(
    process.execPath,
    [
      MAIN,
      "serve",
      "--data",
      join(dir, "data"),
      "--listen",
      "127.0.0.1:0",
      "--admin-listen",
      "127.0.0.1:0",
      "--tls-listen",
      "127.0.0.1:0",
      "--tls-cert",
      CERT,
      "--tls-key",
      CERT.replace(".crt", ".key"),
    ],
    {
      env: {
        ...process.env,
        STRONGROOM_ROOT_ACCESS_KEY_ID: ACCESS_KEY.id,
        STRONGROOM_ROOT_SECRET_ACCESS_KEY: ACCESS_KEY.secret,
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  // From the start: nobody may be listening at the moment when it ends.
  const ended = once(child, "exit");
  ended.catch(() => undefined);
  const banner = new Promise<readonly [string, string]>((resolve) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const plain = /S3 and KMS\s+(http:\S+)/.exec(text)?.[1];
      const tls = /over TLS\s+(https:\S+)/.exec(text)?.[1];
      if (plain !== undefined && tls !== undefined) resolve([plain, tls]);
    });
  });
  const failed = ended.then(([code]) => {
    throw new Error(`the server ended with ${code}`);
  });
  const late = sleep(READY_MS, undefined, { ref: false }).then(() => {
    throw new Error(`the server was not ready within ${READY_MS} ms`);
  });
  const [endpoint, endpointTls] = await Promise.race([banner, failed, late]).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  // Its kin REQUESTS_CA_BUNDLE stays; rclone 1.60 refuses to start when this one is set.
  const { AWS_CA_BUNDLE: _, ...outer } = process.env;
  const env = {
    ...outer,
    AWS_ACCESS_KEY_ID: ACCESS_KEY.id,
    AWS_SECRET_ACCESS_KEY: ACCESS_KEY.secret,
    AWS_DEFAULT_REGION: REGION,
    AWS_ENDPOINT_URL: endpoint,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  };
  return {
    endpoint,
    endpointTls: endpointTls.replace("127.0.0.1", "localhost"),
    caCert: CERT,
    accessKeyId: ACCESS_KEY.id,
    secretAccessKey: ACCESS_KEY.secret,
    dir,
    env,
    command: (action, ...args) =>
      run(process.execPath, [MAIN, action ?? "", "--data", join(dir, "data"), ...args], env),
    async stop() {
      child.kill("SIGTERM");
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
