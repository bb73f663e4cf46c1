/**
 * A small S3 and KMS in memory behind a real socket, for this package's tests: PUT, GET with ranges, HEAD, DELETE,
 * DeleteObjects, multipart, conditions, aws-chunked bodies, and S3's treatment of non-ASCII metadata.
 */
import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KMSClient } from "@aws-sdk/client-kms";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";

export interface StoredObject {
  body: Buffer;
  metadata: Record<string, string>;
  headers: Record<string, string>;
  /** MD5 of the customer's key that the object needs. */
  customerKey?: string | undefined;
}

export interface Logged {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Record<string, string | string[] | undefined>;
}

type Fault = (request: Logged, response: ServerResponse) => boolean;

export class FakeS3 {
  readonly objects = new Map<string, StoredObject>();
  readonly log: Logged[] = [];
  readonly kmsLog: string[] = [];
  /** Return true when the fault has answered. */
  fault: Fault | undefined;
  /** Changes an object's body on its way out. */
  spoil: ((body: Buffer) => Buffer) | undefined;
  readonly #uploads = new Map<string, { key: string; meta: StoredObject; parts: Map<number, Buffer> }>();
  readonly #dataKeys = new Map<string, { key: Buffer; context: string }>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(500);
        response.end(String(error));
      });
    });
    // Node's five seconds pass on a busy machine, and a client that is about to use the connection finds it cut.
    this.#server.keepAliveTimeout = 0;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get sockets(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_, count) => resolve(count)));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  s3(config: S3ClientConfig = {}): S3Client {
    return new S3Client({
      endpoint: this.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      maxAttempts: 1,
      ...config,
    });
  }

  kms(): KMSClient {
    return new KMSClient({
      endpoint: `${this.endpoint}/kms`,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      maxAttempts: 1,
    });
  }

  /** Stores an object as an official client would have left it; metadata names without the prefix. */
  put(key: string, body: Uint8Array, metadata: Record<string, string> = {}): void {
    this.objects.set(`b/${key}`, { body: Buffer.from(body), metadata: { ...metadata }, headers: {} });
  }

  get(key: string): StoredObject {
    const object = this.objects.get(`b/${key}`);
    if (object === undefined) throw new Error(`no object ${key}`);
    return object;
  }

  /** Makes KMS turn a given blob into a given data key, whatever the context. */
  knowDataKey(blob: Uint8Array, key: Uint8Array): void {
    this.#dataKeys.set(Buffer.from(blob).toString("base64"), { key: Buffer.from(key), context: "*" });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = "", search = ""] = (request.url ?? "").split("?");
    const name = decodeURIComponent(path.slice(1));
    const query = new URLSearchParams(search);
    const logged = { method: request.method ?? "", path: name, query, headers: request.headers };
    this.log.push(logged);
    if (this.fault?.(logged, response) === true) {
      request.resume();
      return;
    }
    const body = await readBody(request);
    if (body === undefined) return;
    if (name.startsWith("kms")) return this.#kms(request, response, body);
    if (request.method === "POST") return this.#post(name, query, response, body);
    if (request.method === "PUT") return this.#put(name, query, request, response, body);
    if (request.method === "DELETE") {
      if (query.has("uploadId")) this.#uploads.delete(query.get("uploadId") ?? "");
      else this.objects.delete(name);
      return send(response, 204);
    }
    this.#get(name, request, response);
  }

  #get(name: string, request: IncomingMessage, response: ServerResponse): void {
    if (request.url?.includes("list-type=2") === true) return this.#list(name, request, response);
    const object = this.objects.get(name);
    const isHead = request.method === "HEAD";
    if (object === undefined)
      return send(
        response,
        404,
        {},
        isHead ? "" : "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>",
      );
    const customerKey = request.headers[CUSTOMER_KEY];
    if (customerKey !== object.customerKey)
      return send(response, 400, {}, isHead ? "" : error("InvalidRequest"));
    const body =
      this.spoil === undefined || name.endsWith(".instruction") ? object.body : this.spoil(object.body);
    const headers: Record<string, string> = {
      ...object.headers,
      ETag: etag(object.body),
      "Content-Length": String(body.length),
    };
    for (const [key, value] of Object.entries(object.metadata)) headers[`x-amz-meta-${key}`] = value;
    if (request.headers["if-match"] !== undefined && request.headers["if-match"] !== headers.ETag)
      return send(response, 412, {}, error("PreconditionFailed"));
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    if (range === null) return send(response, 200, headers, isHead ? "" : body);
    const first = Number(range[1]);
    if (first >= body.length) return send(response, 416, {}, error("InvalidRange"));
    const last = Math.min(range[2] === "" ? Number.POSITIVE_INFINITY : Number(range[2]), body.length - 1);
    headers["Content-Range"] = `bytes ${first}-${last}/${body.length}`;
    headers["Content-Length"] = String(last - first + 1);
    send(response, 206, headers, isHead ? "" : body.subarray(first, last + 1));
  }

  #list(bucket: string, request: IncomingMessage, response: ServerResponse): void {
    const prefix = new URLSearchParams(request.url?.split("?")[1]).get("prefix") ?? "";
    const start = `${bucket.replace(/\/$/, "")}/${prefix}`;
    const keys = [...this.objects.keys()].filter((name) => name.startsWith(start)).sort();
    const rows = keys.map((name) => `<Contents><Key>${name.slice(name.indexOf("/") + 1)}</Key></Contents>`);
    send(response, 200, {}, `<ListBucketResult>${rows.join("")}</ListBucketResult>`);
  }

  #put(
    name: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
  ): void {
    const upload = this.#uploads.get(query.get("uploadId") ?? "");
    if (query.has("uploadId")) {
      if (upload === undefined) return send(response, 404, {}, error("NoSuchUpload"));
      upload.parts.set(Number(query.get("partNumber")), body);
      return send(response, 200, { ETag: etag(body) });
    }
    if (request.headers["if-none-match"] === "*" && this.objects.has(name))
      return send(response, 412, {}, error("PreconditionFailed"));
    this.objects.set(name, { ...describe(request), body });
    send(response, 200, { ETag: etag(body) });
  }

  #post(name: string, query: URLSearchParams, response: ServerResponse, body: Buffer): void {
    const text = body.toString();
    if (query.has("uploads")) {
      const id = randomBytes(8).toString("hex");
      const request = response.req;
      this.#uploads.set(id, { key: name, meta: { ...describe(request), body }, parts: new Map() });
      return send(
        response,
        200,
        {},
        `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      );
    }
    if (query.has("uploadId")) {
      const upload = this.#uploads.get(query.get("uploadId") ?? "");
      if (upload === undefined) return send(response, 404, {}, error("NoSuchUpload"));
      const listed = [...text.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = ""]) => ({
        number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
        etag: (/<ETag>(.*?)</.exec(part)?.[1] ?? "").replace(/&quot;/g, '"'),
      }));
      const parts = listed.map(({ number, etag: expected }) => {
        const part = upload.parts.get(number);
        return part !== undefined && etag(part) === expected ? part : undefined;
      });
      if (parts.includes(undefined)) return send(response, 400, {}, error("InvalidPart"));
      this.objects.set(upload.key, { ...upload.meta, body: Buffer.concat(parts as Buffer[]) });
      this.#uploads.delete(query.get("uploadId") ?? "");
      return send(
        response,
        200,
        {},
        "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>",
      );
    }
    for (const [, key = ""] of text.matchAll(/<Key>(.*?)<\/Key>/g))
      this.objects.delete(`${name.replace(/\/$/, "")}/${key}`);
    send(response, 200, {}, "<DeleteResult></DeleteResult>");
  }

  #kms(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const action = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const input = JSON.parse(body.toString());
    this.kmsLog.push(action);
    const context = canonical(input.EncryptionContext ?? {});
    const answer = (value: object): void =>
      send(response, 200, { "Content-Type": "application/x-amz-json-1.1" }, JSON.stringify(value));
    if (action === "Decrypt") {
      const known = this.#dataKeys.get(input.CiphertextBlob);
      if (known === undefined || (known.context !== "*" && known.context !== context))
        return send(
          response,
          400,
          { "Content-Type": "application/x-amz-json-1.1" },
          JSON.stringify({ __type: "InvalidCiphertextException" }),
        );
      return answer({ Plaintext: known.key.toString("base64"), KeyId: input.KeyId });
    }
    const key = action === "Encrypt" ? Buffer.from(input.Plaintext, "base64") : randomBytes(32);
    const CiphertextBlob = randomBytes(100).toString("base64");
    this.#dataKeys.set(CiphertextBlob, { key, context });
    answer({
      CiphertextBlob,
      KeyId: input.KeyId,
      ...(action !== "Encrypt" && { Plaintext: key.toString("base64") }),
    });
  }
}

function canonical(context: Record<string, string>): string {
  return JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function etag(body: Uint8Array): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

function error(code: string): string {
  return `<Error><Code>${code}</Code><Message>no</Message></Error>`;
}

function send(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
  body: string | Buffer = "",
): void {
  // Latin-1 in, Latin-1 out: header bytes as they are.
  response.writeHead(status, headers);
  response.end(body);
}

const CUSTOMER_KEY = "x-amz-server-side-encryption-customer-key-md5";
const KEPT = [
  "content-type",
  "cache-control",
  "content-language",
  "expires",
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-aws-kms-key-id",
  "x-amz-server-side-encryption-bucket-key-enabled",
];

function describe(request: IncomingMessage): Omit<StoredObject, "body"> {
  const metadata: Record<string, string> = {};
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith("x-amz-meta-")) metadata[name.slice(11)] = String(value);
    if (KEPT.includes(name)) headers[name] = String(value);
  }
  return { metadata, headers, customerKey: request.headers[CUSTOMER_KEY]?.toString() };
}

/** The body, aws-chunked framing removed; `undefined` when the client went away. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    return undefined;
  }
  const body = Buffer.concat(chunks);
  if (!String(request.headers["content-encoding"] ?? "").includes("aws-chunked")) return body;
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.toString("latin1", at, line).split(";")[0] ?? "", 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
