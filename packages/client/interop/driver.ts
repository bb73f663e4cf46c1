/** A client under test as a process that answers one JSON line per request, or ours in this process. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Cell, ClientName } from "./cell.ts";

export interface Ask extends Cell {
  readonly op: "put" | "get";
  readonly bucket: string;
  readonly key: string;
  readonly context: Readonly<Record<string, string>>;
}

export type Answer =
  | { readonly ok: true; readonly sha256?: string; readonly size?: number }
  | { readonly ok: false; readonly error: string };

export interface Driver {
  readonly name: ClientName;
  readonly version: string;
  ask(request: Ask): Promise<Answer>;
  close(): void;
}

/** What every driver process gets in its environment. */
export interface Settings {
  readonly endpoint: string;
  readonly kmsEndpoint: string;
  readonly kmsKeyId: string;
  readonly region: string;
  readonly aesKeyHex: string;
  readonly rsaPrivatePkcs8: string;
  readonly rsaPublicSpki: string;
}

const ANSWER_MS_MAX = 60_000;

export class ProcessDriver implements Driver {
  readonly name: ClientName;
  readonly version: string;
  readonly #child: ChildProcess;
  readonly #waiting: ((answer: Answer) => void)[] = [];
  #ended: string | undefined;

  constructor(name: ClientName, version: string, command: readonly string[], settings: Settings) {
    this.name = name;
    this.version = version;
    const [program = "", ...args] = command;
    const env = {
      ...process.env,
      AWS_REGION: settings.region,
      AWS_DEFAULT_REGION: settings.region,
      // Go reads instruction files with the default configuration, which takes its endpoint from here.
      AWS_ENDPOINT_URL: settings.endpoint,
      AWS_ENDPOINT_URL_S3: settings.endpoint,
      AWS_EC2_METADATA_DISABLED: "true",
      S3EC_ENDPOINT: settings.endpoint,
      S3EC_KMS_ENDPOINT: settings.kmsEndpoint,
      S3EC_KMS_KEY_ID: settings.kmsKeyId,
      S3EC_REGION: settings.region,
      S3EC_AES_KEY_HEX: settings.aesKeyHex,
      S3EC_RSA_PRIVATE_PKCS8: settings.rsaPrivatePkcs8,
      S3EC_RSA_PUBLIC_SPKI: settings.rsaPublicSpki,
    };
    this.#child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    const noise: string[] = [];
    this.#child.stderr?.on("data", (chunk) => void noise.push(String(chunk)));
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on("line", (line) =>
        this.#waiting.shift()?.(JSON.parse(line)),
      );
    this.#child.on("close", (code) => {
      this.#ended = `driver ended (${code}): ${noise.join("").slice(-500)}`;
      for (const resolve of this.#waiting.splice(0)) resolve({ ok: false, error: this.#ended });
    });
  }

  ask(request: Ask): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.resolve({ ok: false, error: this.#ended });
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        // A late answer would be taken for the next request's.
        this.#child.kill();
        resolve({ ok: false, error: "driver does not answer" });
      }, ANSWER_MS_MAX);
      this.#waiting.push((answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
  }

  close(): void {
    this.#child.stdin?.end();
  }
}
