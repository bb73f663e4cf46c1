/**
 * A store for the suites of a process: a real process with TLS beside plain HTTP, two accounts, two KMS keys each with a
 * chosen id, and clients for both. Runs on Bun with STRONGROOM_TEST_RUNTIME=bun.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { KMSClient } from "@aws-sdk/client-kms";
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { CREDENTIALS, serve, type Served } from "../serve.ts";
import { Wire } from "./wire.ts";

const TLS = join(import.meta.dirname, "../../../../testdata/tls");
export const CA: Buffer = readFileSync(join(TLS, "first.crt"));
export const REGION = "us-east-1";
export const ACCOUNT = "000000000000";
export const OTHER_ACCOUNT = "111111111111";
const OTHER_CREDENTIALS = { accessKeyId: "other-root", secretAccessKey: "other-root-secret" };

/** Long suites run only where this is set: `npm run test:conformance`. */
export const SLOW: boolean = process.env["STRONGROOM_TEST_SLOW"] === "1";

export const CMK1 = "11111111-1111-4111-8111-111111111111";
export const CMK2 = "22222222-2222-4222-8222-222222222222";
export const OTHER_CMK = "33333333-3333-4333-8333-333333333333";
export const arnOf = (keyId: string, account: string = ACCOUNT): string =>
  `arn:aws:kms:${REGION}:${account}:key/${keyId}`;

export interface ClientOptions {
  readonly tls?: boolean;
  readonly other?: boolean;
  /** False: only what an operation demands, as before 2025. */
  readonly checksums?: boolean;
  readonly checksumAlgorithms?: S3ClientConfig["checksumAlgorithms"];
}

export class World {
  readonly served: Served;
  /** Over TLS, as the first account's root user. */
  readonly s3: S3Client;
  readonly plain: S3Client;
  /** Over TLS, as the other account's root user. */
  readonly other: S3Client;
  readonly kms: KMSClient;
  /** Bare requests over TLS and over plain HTTP. */
  readonly wire: Wire;
  readonly plainWire: Wire;
  readonly #agents = {
    https: new HttpsAgent({ keepAlive: true, ca: CA }),
    http: new HttpAgent({ keepAlive: true }),
  };
  readonly #clients: { destroy(): void }[] = [];
  #buckets = 0;

  constructor(served: Served) {
    this.served = served;
    this.s3 = this.client();
    this.plain = this.client({ tls: false });
    this.other = this.client({ other: true });
    this.kms = new KMSClient({
      endpoint: this.#endpoint(true),
      region: REGION,
      credentials: CREDENTIALS,
      maxAttempts: 1,
      requestHandler: { httpsAgent: this.#agents.https },
    });
    this.#clients.push(this.kms);
    const wire = { credentials: CREDENTIALS, region: REGION };
    this.wire = new Wire({ ...wire, address: served.tlsAddress ?? "", ca: CA });
    this.plainWire = new Wire({ ...wire, address: served.address });
  }

  #endpoint(tls: boolean): string {
    return tls ? `https://${this.served.tlsAddress}` : this.served.endpoint;
  }

  client({ tls = true, other = false, checksums = true, checksumAlgorithms }: ClientOptions = {}): S3Client {
    const client = new S3Client({
      endpoint: this.#endpoint(tls),
      region: REGION,
      forcePathStyle: true,
      credentials: other ? OTHER_CREDENTIALS : CREDENTIALS,
      maxAttempts: 1,
      requestHandler: tls ? { httpsAgent: this.#agents.https } : { httpAgent: this.#agents.http },
      ...(checksumAlgorithms === undefined ? {} : { checksumAlgorithms }),
      ...(checksums
        ? {}
        : { requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED" }),
    });
    this.#clients.push(client);
    return client;
  }

  /** A fresh bucket of the first account. */
  async bucket(versioning?: "Enabled"): Promise<string> {
    const Bucket = `bucket-${++this.#buckets}`;
    await this.s3.send(new CreateBucketCommand({ Bucket }));
    if (versioning !== undefined) {
      const VersioningConfiguration = { Status: versioning };
      await this.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    }
    return Bucket;
  }

  /** Calls of the key service so far, by operation. */
  async kmsCalls(operation: string): Promise<number> {
    const { body } = await this.served.admin("/metrics");
    const found = new RegExp(`^strongroom_kms_calls_total\\{operation="${operation}"\\} (\\d+)$`, "m").exec(
      body,
    );
    return Number(found?.[1] ?? 0);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.#agents.https.destroy();
    this.#agents.http.destroy();
    await this.served.stop();
    rmSync(this.served.data, { recursive: true, force: true });
  }
}

const started = new Map<string, Promise<World>>();

/** A store with these settings, one in a process however many suites it runs; it ends after the tests. */
export function startWorld(args: readonly string[] = []): Promise<World> {
  const name = args.join(" ");
  const known = started.get(name) ?? start(args);
  started.set(name, known);
  return known;
}

async function start(args: readonly string[]): Promise<World> {
  const data = mkdtempSync(join(tmpdir(), "sr-"));
  const bootstrap = join(data, "bootstrap.json");
  const key = (keyId: string, account = ACCOUNT) => ({ keyId, account });
  writeFileSync(
    bootstrap,
    JSON.stringify({
      accounts: [{ id: OTHER_ACCOUNT, displayName: "other", accessKeys: [OTHER_CREDENTIALS] }],
      keys: [key(CMK1), key(CMK2), key(OTHER_CMK, OTHER_ACCOUNT)],
    }),
  );
  const tls = ["--tls-cert", join(TLS, "first.crt"), "--tls-key", join(TLS, "first.key")];
  const served = await serve({
    data,
    args: ["--tls-listen", "127.0.0.1:0", ...tls, "--bootstrap", bootstrap, ...args],
  });
  const world = new World(served);
  after(() => world.stop());
  return world;
}
