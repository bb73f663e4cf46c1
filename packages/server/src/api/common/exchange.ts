/**
 * One request and its answer: what every service needs of both. Built before anything is known to be well-formed, so
 * that even a hostile request gets an id, an answer and a line in the log.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { readRequest, type RawRequest } from "../../auth/raw-request.ts";
import type { Caller, Principal } from "../../base/caller.ts";
import type { Answer } from "./answer.ts";
import { withStandardHeaders, writeAnswer } from "./answer.ts";
import { headersOf } from "./incoming.ts";
import { hasUnreadBody } from "./unread-body.ts";
import type { Transport } from "./transport.ts";

const NONE: readonly string[] = [];

export class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly transport: Transport;
  readonly hostId: string;
  readonly requestId: string;
  readonly startedMs: number;
  /** Name of the operation, for metrics and the log; the service sets it when the route is known. */
  operation = "Unknown";
  /** Set once the signature has been verified. */
  caller: Caller | undefined;
  errorCode: string | undefined;
  /** name, value, name, value … for whatever the answer will be. */
  extraHeaders: readonly string[] = NONE;
  #raw: RawRequest | undefined;
  #abort: AbortController | undefined;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    transport: Transport,
    hostId: string,
    nowMs: number,
    requestId: string,
  ) {
    this.requestId = requestId;
    this.req = req;
    this.res = res;
    this.transport = transport;
    this.hostId = hostId;
    this.startedMs = nowMs;
  }

  /** Throws InvalidURI for a target that is none. */
  get raw(): RawRequest {
    this.#raw ??= readRequest(
      this.req.method ?? "GET",
      this.req.url ?? "/",
      headersOf(this.req),
      this.transport.unsignedMayPass,
    );
    return this.#raw;
  }

  /** Aborts when the client goes away. Made on first use: most requests end before anyone asks. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      if (this.res.closed) abort.abort();
      else this.res.once("close", () => this.res.writableFinished || abort.abort());
    }
    return this.#abort.signal;
  }

  get isHead(): boolean {
    return this.req.method === "HEAD";
  }

  send(answer: Answer, extra: readonly string[] = []): void | Promise<void> {
    // Nobody reads the rest of a large body: the connection can't be used again.
    if (!this.req.complete && hasUnreadBody(this.req)) this.res.shouldKeepAlive = false;
    const headers = withStandardHeaders(answer.headers, this.requestId, this.hostId);
    if (this.extraHeaders.length > 0) headers.push(...this.extraHeaders);
    if (extra.length > 0) headers.push(...extra);
    return writeAnswer(this.res, answer.status, headers, this.isHead ? undefined : answer.body);
  }
}

export interface Identity {
  readonly principal: Principal;
  readonly sessionKey: string;
  readonly accessKeyId?: string;
  readonly signature: Caller["signature"];
  readonly authType: Caller["authType"];
}

/** The caller of an exchange. `signal` is a getter, so that no request pays for an AbortController it doesn't use. */
export class RequestCaller implements Caller {
  readonly #exchange: Exchange;
  readonly #identity: Identity;
  readonly userAgent?: string;

  constructor(exchange: Exchange, identity: Identity) {
    this.#exchange = exchange;
    this.#identity = identity;
    const agent = exchange.req.headers["user-agent"];
    if (agent !== undefined) this.userAgent = agent;
    if (identity.accessKeyId !== undefined) this.accessKeyId = identity.accessKeyId;
    if (exchange.transport.tlsVersion !== undefined) this.tlsVersion = exchange.transport.tlsVersion;
  }

  readonly accessKeyId?: string;
  readonly tlsVersion?: string;
  get requestId(): string {
    return this.#exchange.requestId;
  }
  get principal(): Principal {
    return this.#identity.principal;
  }
  get sessionKey(): string {
    return this.#identity.sessionKey;
  }
  get signature(): Caller["signature"] {
    return this.#identity.signature;
  }
  get authType(): Caller["authType"] {
    return this.#identity.authType;
  }
  get secureTransport(): boolean {
    return this.#exchange.transport.secureTransport;
  }
  get keysMayPass(): boolean {
    return this.#exchange.transport.keysMayPass;
  }
  get sourceIp(): string {
    return this.#exchange.transport.sourceIp;
  }
  get signal(): AbortSignal {
    return this.#exchange.signal;
  }
}
