/**
 * The socket as a source of body bytes: pulled, never pushed, and never destroyed by a reader that stops early, because
 * the error still has to be answered on it. 100 Continue leaves when the first byte is asked for, which is after every
 * check of headers and rights.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { openBody, type RequestBody } from "../../auth/request-body.ts";
import type { PayloadMode } from "../../auth/payload-mode.ts";
import { fail } from "../../base/errors.ts";
import { expectsContinue } from "./unread-body.ts";

export type { RequestBody };

export class SocketSource implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  #begun = false;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.#req = req;
    this.#res = res;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#begun) this.#begin();
    for (;;) {
      const chunk = this.#req.read() as Uint8Array | null;
      if (chunk !== null) return { done: false, value: chunk };
      if (this.#ended) return { done: true, value: undefined };
      // Closed without an end: the client cut the body short.
      if (this.#req.destroyed) return fail("IncompleteBody");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    return Promise.resolve({ done: true, value: undefined });
  }

  #begin(): void {
    this.#begun = true;
    if (expectsContinue(this.#req)) this.#res.writeContinue();
    const wake = (): void => {
      const waiting = this.#wake;
      this.#wake = undefined;
      waiting?.();
    };
    this.#req.on("readable", wake);
    this.#req.on("end", () => {
      this.#ended = true;
      wake();
    });
    this.#req.on("close", wake);
    this.#req.on("error", wake);
  }
}

/** Opened when an operation asks: requests without a body pay nothing. */
export class LazyBody implements RequestBody {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #payload: PayloadMode;
  #opened: RequestBody | undefined;

  constructor(req: IncomingMessage, res: ServerResponse, payload: PayloadMode) {
    this.#req = req;
    this.#res = res;
    this.#payload = payload;
  }

  #body(): RequestBody {
    this.#opened ??= openBody(new SocketSource(this.#req, this.#res), this.#payload);
    return this.#opened;
  }

  /** Throws MissingContentLength if nothing tells the size. */
  get size(): number {
    return this.#body().size;
  }
  collect(): Promise<Uint8Array> {
    return this.#body().collect();
  }
  stream(): AsyncIterable<Uint8Array> {
    return this.#body().stream();
  }
  trailers(): ReadonlyMap<string, string> {
    return this.#body().trailers();
  }
}
