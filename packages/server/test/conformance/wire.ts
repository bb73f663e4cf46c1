/**
 * Requests as bytes, signed by a signer of the suites' own (spec access 1), for what no SDK sends: partial headers, wrong
 * signatures, odd targets. Independent of the store's own code on purpose.
 */
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { answerOf, type Answer, type Headers } from "./call.ts";

export interface WireOptions {
  /** HOST:PORT */
  readonly address: string;
  /** Over TLS if given. */
  readonly ca?: Buffer;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface WireRequest {
  readonly method: string;
  /** The request target, sent as it is. */
  readonly path: string;
  readonly headers?: Headers;
  readonly body?: string | Uint8Array;
  /** False: anonymous. */
  readonly sign?: boolean;
  /** x-amz-content-sha256; the body's hash if absent. */
  readonly payload?: string;
}

export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
export const md5 = (data: string | Uint8Array): string => createHash("md5").update(data).digest("base64");
const hmac = (key: string | Uint8Array, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();
export const escape = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** `20260102T030405Z` */
export const timestampOf = (date: Date): string => date.toISOString().replaceAll(/[-:]|\.\d+/g, "");

export class Wire {
  readonly options: WireOptions;

  constructor(options: WireOptions) {
    this.options = options;
  }

  scope(timestamp: string): string {
    return `${timestamp.slice(0, 8)}/${this.options.region}/s3/aws4_request`;
  }
  key(timestamp: string): Buffer {
    const { credentials, region } = this.options;
    const date = hmac(`AWS4${credentials.secretAccessKey}`, timestamp.slice(0, 8));
    return hmac(hmac(hmac(date, region), "s3"), "aws4_request");
  }
  signText(timestamp: string, text: string): string {
    return hmac(this.key(timestamp), text).toString("hex");
  }
  /** Hex; of a canonical request. */
  signature(timestamp: string, canonical: string): string {
    const text = `AWS4-HMAC-SHA256\n${timestamp}\n${this.scope(timestamp)}\n${sha256(canonical)}`;
    return this.signText(timestamp, text);
  }

  /** The headers of the request, signed unless it is anonymous. */
  headersOf(plan: WireRequest, timestamp: string = timestampOf(new Date())): Record<string, string> {
    const headers: Record<string, string> = { host: this.options.address, ...plan.headers };
    if (plan.sign === false) return headers;
    const payload = plan.payload ?? sha256(plan.body ?? "");
    headers["x-amz-date"] = timestamp;
    headers["x-amz-content-sha256"] = payload;
    const names = Object.keys(headers)
      .map((name) => name.toLowerCase())
      .toSorted();
    const values = new Map(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()]),
    );
    const [path = "", query = ""] = split(plan.path);
    const canonical = [
      plan.method,
      path,
      canonicalQuery(query),
      ...names.map((name) => `${name}:${values.get(name)}`),
      "",
      names.join(";"),
      payload,
    ].join("\n");
    const credential = `${this.options.credentials.accessKeyId}/${this.scope(timestamp)}`;
    const signature = this.signature(timestamp, canonical);
    headers["authorization"] =
      `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
    return headers;
  }

  async send(plan: WireRequest): Promise<Answer> {
    return this.exchange(plan, this.headersOf(plan));
  }

  async exchange(plan: WireRequest, headers: Headers): Promise<Answer> {
    const { address, ca } = this.options;
    const [host = "", port = ""] = address.split(":");
    const length: Headers =
      plan.body === undefined || headers["transfer-encoding"] !== undefined || "content-length" in headers
        ? {}
        : { "content-length": String(Buffer.byteLength(plan.body)) };
    const options = {
      host,
      port: Number(port),
      method: plan.method,
      path: plan.path,
      headers: { ...headers, ...length },
      agent: false as const,
    };
    const req = ca === undefined ? httpRequest(options) : httpsRequest({ ...options, ca });
    // The server may answer a large body early and close: what is still being sent fails then, after the
    // answer. An error that comes first rejects the wait for the answer all the same.
    req.on("error", () => undefined);
    const answered: Promise<IncomingMessage[]> = once(req, "response");
    req.end(plan.body);
    const [res] = await answered;
    if (res === undefined) throw new Error("no answer");
    const chunks: Buffer[] = [];
    for await (const chunk of res) chunks.push(Buffer.from(chunk));
    const seen = Object.entries(res.headers).map(([name, value]) => [name, String(value)] as const);
    return answerOf(res.statusCode ?? 0, Object.fromEntries(seen), Buffer.concat(chunks));
  }

  /** The target of a presigned URL; `signed` are headers that its user must send. */
  presign(
    method: string,
    path: string,
    options: {
      readonly signed?: Headers;
      readonly query?: Headers;
      readonly expiresSeconds?: number;
      readonly at?: Date;
    } = {},
  ): string {
    const timestamp = timestampOf(options.at ?? new Date());
    const headers: Headers = { host: this.options.address, ...options.signed };
    const names = Object.keys(headers).toSorted();
    const [target = "", query = ""] = split(path);
    const parameters = {
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": `${this.options.credentials.accessKeyId}/${this.scope(timestamp)}`,
      "X-Amz-Date": timestamp,
      "X-Amz-Expires": String(options.expiresSeconds ?? 300),
      "X-Amz-SignedHeaders": names.join(";"),
      ...options.query,
    };
    const added = Object.entries(parameters).map(([name, value]) => `${escape(name)}=${escape(value)}`);
    const whole = [...query.split("&").filter((piece) => piece !== ""), ...added].join("&");
    const lines = names.map((name) => `${name}:${headers[name]}`);
    const canonical = [
      method,
      target,
      canonicalQuery(whole),
      ...lines,
      "",
      names.join(";"),
      "UNSIGNED-PAYLOAD",
    ].join("\n");
    return `${target}?${whole}&X-Amz-Signature=${this.signature(timestamp, canonical)}`;
  }
}

function split(target: string): readonly string[] {
  const mark = target.indexOf("?");
  return mark < 0 ? [target] : [target.slice(0, mark), target.slice(mark + 1)];
}

function canonicalQuery(query: string): string {
  return query
    .split("&")
    .filter((piece) => piece !== "")
    .map((piece) => {
      const equals = piece.indexOf("=");
      const [name, value] = equals < 0 ? [piece, ""] : [piece.slice(0, equals), piece.slice(equals + 1)];
      return [escape(decodeURIComponent(name)), escape(decodeURIComponent(value))] as const;
    })
    .toSorted((a, b) => (a[0] === b[0] ? compare(a[1], b[1]) : compare(a[0], b[0])))
    .map((pair) => pair.join("="))
    .join("&");
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
