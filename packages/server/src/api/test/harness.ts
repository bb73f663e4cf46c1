/** A real socket in front of the S3 service with fakes behind it, and raw requests signed by the SDK's own signer. */
import { Sha256 } from "@aws-crypto/sha256-js";
import { S3Client } from "@aws-sdk/client-s3";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import { once } from "node:events";
import { createServer, request, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { serviceRules } from "../../auth/claim-checks.ts";
import { SigningKeyCache, SigningSecret } from "../../auth/signing-key.ts";
import type { AccessRequest, Authoriser } from "../../base/access.ts";
import type { Principal } from "../../base/caller.ts";
import { systemClock } from "../../base/clock.ts";
import type { Log, LogFields } from "../../base/log.ts";
import { mount, type ServeDeps } from "../common/serve.ts";
import { DEFAULT_TRANSPORT_RULES } from "../common/transport.ts";
import type { S3Deps } from "../s3/deps.ts";
import { s3Service } from "../s3/index.ts";
import { ACCOUNT, FakeObjects, FakeStore, FakeUploads, fakeTokens, ownerOf } from "./fake-objects.ts";

export const ACCESS_KEY = "AKIDTESTKEY";
export const SECRET = "a secret access key of the tests";
const SIGNING_SECRET = SigningSecret.from(Buffer.from(SECRET));

export const ROOT: Principal = {
  kind: "root",
  account: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:root`,
  userId: ACCOUNT,
};

export interface Logged {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

export class TestServer {
  readonly store = new FakeStore();
  readonly asked: AccessRequest[] = [];
  readonly logged: Logged[] = [];
  /** Actions refused, for tests of denials. */
  readonly refused = new Set<string>();
  readonly server: Server;
  readonly deps: S3Deps;

  private constructor(overrides: Partial<S3Deps>) {
    const objects = new FakeObjects(this.store);
    const log: Log = {
      info: (message, fields) => this.logged.push({ level: "info", message, fields }),
      warn: (message, fields) => this.logged.push({ level: "warn", message, fields }),
      error: (message, fields) => this.logged.push({ level: "error", message, fields }),
    };
    this.deps = {
      auth: {
        clock: systemClock,
        lookup: async (accessKeyId) =>
          accessKeyId === ACCESS_KEY
            ? { accessKeyId, secret: SIGNING_SECRET, version: "1", active: true, principal: ROOT }
            : undefined,
        services: serviceRules("us-east-1"),
        signingKeys: new SigningKeyCache(),
        trustedHosts: [],
      },
      authoriser: this.#authoriser(),
      buckets: this.store,
      objects,
      uploads: new FakeUploads(this.store, objects),
      tokens: fakeTokens,
      ownerOf,
      region: "us-east-1",
      domains: ["s3.test"],
      clock: systemClock,
      log,
      ...overrides,
    };
    const serve: ServeDeps = {
      services: new Map([["s3", s3Service(this.deps)]]),
      transport: DEFAULT_TRANSPORT_RULES,
      clock: systemClock,
      log,
      hostId: "host-id-of-the-tests",
    };
    this.server = createServer({ maxHeaderSize: 32 * 1024 });
    mount(this.server, serve);
  }

  static unstarted(overrides: Partial<S3Deps>): TestServer {
    return new TestServer(overrides);
  }

  static async start(overrides: Partial<S3Deps> = {}): Promise<TestServer> {
    const test = new TestServer(overrides);
    test.server.listen(0, "127.0.0.1");
    await once(test.server, "listening");
    return test;
  }

  #authoriser(): Authoriser {
    return {
      decide: (caller, asked) => {
        this.asked.push(asked);
        if (caller.principal.kind === "anonymous" || this.refused.has(asked.action)) {
          return {
            kind: "implicit-deny",
            reason: `because no identity-based policy allows the ${asked.action} action`,
          };
        }
        return { kind: "allow" };
      },
    };
  }

  get port(): number {
    const address: AddressInfo | string | null = this.server.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    return address.port;
  }

  client(): S3Client {
    return new S3Client({
      endpoint: `http://127.0.0.1:${this.port}`,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET },
      maxAttempts: 1,
    });
  }

  async makeBucket(name = "bucket"): Promise<void> {
    await this.send({ method: "PUT", path: `/${name}` });
  }

  /** Between tests: nothing refused, nothing asked or logged yet. Objects stay. */
  reset(): void {
    this.refused.clear();
    this.store.before.clear();
    this.logged.length = 0;
    this.asked.length = 0;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  /** A raw request, signed unless `anonymous`. `path` is sent as it is. */
  async send(raw: RawTest): Promise<RawAnswer> {
    const headers =
      raw.anonymous === true ? { host: `127.0.0.1:${this.port}`, ...raw.headers } : await this.sign(raw);
    return exchange(this.port, raw, headers);
  }

  /** The target of a presigned URL. */
  async presign(method: string, target: string): Promise<string> {
    const [path = "/", query = ""] = split(target);
    const { query: signed = {} } = await this.#signer().presign(
      new HttpRequest({
        method,
        hostname: "127.0.0.1",
        port: this.port,
        path,
        query: queryBag(query),
        headers: { host: `127.0.0.1:${this.port}`, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
      }),
      { expiresIn: 60 },
    );
    const pairs = Object.entries(signed).map(
      ([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(String(v))}`,
    );
    return `${path}?${pairs.join("&")}`;
  }

  #signer(): SignatureV4 {
    return new SignatureV4({
      service: "s3",
      region: "us-east-1",
      sha256: Sha256,
      uriEscapePath: false,
      applyChecksum: false,
      credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET },
    });
  }

  async sign(raw: RawTest): Promise<Record<string, string>> {
    const [path = "/", query = ""] = split(raw.path);
    const signed = await this.#signer().sign(
      new HttpRequest({
        method: raw.method,
        hostname: "127.0.0.1",
        port: this.port,
        path,
        query: queryBag(query),
        headers: {
          host: `127.0.0.1:${this.port}`,
          "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
          ...raw.headers,
        },
      }),
    );
    return signed.headers;
  }
}

export interface RawTest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly anonymous?: boolean;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** Text of the first element of that name. */
  element(name: string): string | undefined;
}

/** Resolves when the connection is gone, be it by an error: `once(socket, "close")` rejects then. */
export function closeOf(socket: Socket): Promise<void> {
  socket.on("error", () => undefined);
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

export async function exchange(
  port: number,
  raw: RawTest,
  headers: Readonly<Record<string, string>>,
): Promise<RawAnswer> {
  const length: Record<string, string> =
    raw.body === undefined || headers["transfer-encoding"] !== undefined
      ? {}
      : { "content-length": String(Buffer.byteLength(raw.body)) };
  const req = request({
    host: "127.0.0.1",
    port,
    method: raw.method,
    path: raw.path,
    headers: { ...headers, ...length },
    agent: false,
  });
  // The server may answer a large body early and close: what is still being sent fails then, after the
  // answer. An error that comes first rejects the wait for the answer all the same.
  req.on("error", () => undefined);
  req.end(raw.body);
  const [res] = await once(req, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const text = body.toString();
  return {
    status: res.statusCode,
    headers: res.headers,
    body,
    text,
    element: (name) => new RegExp(`<${name}[^>]*>([^<]*)</${name}>`).exec(text)?.[1],
  };
}

function split(target: string): readonly string[] {
  const mark = target.indexOf("?");
  return mark < 0 ? [target] : [target.slice(0, mark), target.slice(mark + 1)];
}

function queryBag(query: string): Record<string, string | string[]> {
  const bag: Record<string, string | string[]> = {};
  for (const piece of query.split("&").filter((p) => p !== "")) {
    const equals = piece.indexOf("=");
    const name = decodeURIComponent(equals < 0 ? piece : piece.slice(0, equals));
    bag[name] = equals < 0 ? "" : decodeURIComponent(piece.slice(equals + 1).replaceAll("+", " "));
  }
  return bag;
}
