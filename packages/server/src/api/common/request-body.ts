/**
 * The socket as a source of body bytes: only a little ahead of its reader, and never destroyed by one that stops early,
 * because the error still has to be answered on it. 100 Continue leaves when the first byte is asked for, which is after
 * every check of headers and rights.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { openBody, type RequestBody, type WholeSource } from "../../auth/request-body.ts";
import type { PayloadMode } from "../../auth/payload-mode.ts";
import { fail } from "../../base/errors.ts";
import type { Soon } from "../../base/soon.ts";
import { expectsContinue } from "./unread-body.ts";

export type { RequestBody };

/** Arrived data that waits for its reader; above it the socket is not read from. */
const WAITING_BYTES_MAX = 128 * 1024;
/** What a piece costs beside its bytes: a client may send each byte as a chunk of HTTP. */
const PIECE_COST_BYTES = 256;
/** Slots of pieces that were handed on, before the others move up. */
const SLOTS_SPENT_MAX = 64;
const SPENT = new Uint8Array(0);

export class SocketSource implements WholeSource, AsyncIterator<Uint8Array, undefined> {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #waiting: Uint8Array[] = [];
  /** The first piece that has not been handed on. */
  #first = 0;
  #waitingBytes = 0;
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

  /**
   * The body, where all of it is here: the case of most small ones, and no event is waited for. `size` is Content-Length, of
   * which the parser hands on no more, so that many bytes are the whole, whether it has told so yet or not.
   */
  whole(size: number): Uint8Array | undefined {
    if (this.#begun || this.#req.readableLength !== size) return undefined;
    const bytes = this.#req.read() as Uint8Array | null;
    if (bytes === null) return undefined;
    this.#begun = true;
    this.#ended = true;
    return bytes;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#begun) this.#begin();
    for (;;) {
      const chunk = this.#waiting[this.#first];
      if (chunk !== undefined) {
        this.#spend();
        this.#waitingBytes -= chunk.length + PIECE_COST_BYTES;
        if (this.#waitingBytes < WAITING_BYTES_MAX && this.#req.isPaused()) this.#req.resume();
        return { done: false, value: chunk };
      }
      if (this.#ended) return { done: true, value: undefined };
      // Closed without an end: the client cut the body short.
      if (this.#req.destroyed) return fail("IncompleteBody");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    // Nobody wants the rest: it stays with the socket, and what becomes of it is decided with the answer.
    this.#req.off("data", this.#take);
    if (this.#begun && !this.#ended) this.#req.pause();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Constant on average: `shift()` would move all that wait, each time. */
  #spend(): void {
    const waiting = this.#waiting;
    waiting[this.#first++] = SPENT;
    if (this.#first === waiting.length) waiting.length = 0;
    else if (this.#first >= SLOTS_SPENT_MAX && this.#first * 2 >= waiting.length) {
      waiting.copyWithin(0, this.#first);
      waiting.length -= this.#first;
    } else return;
    this.#first = 0;
  }

  #begin(): void {
    this.#begun = true;
    if (expectsContinue(this.#req)) this.#res.writeContinue();
    this.#req.on("data", this.#take);
    this.#req.on("end", () => {
      this.#ended = true;
      this.#rouse();
    });
    this.#req.on("close", this.#rouse);
    this.#req.on("error", this.#rouse);
  }

  /** Pushed here, and held back by pausing: `read()` would join what has come into a copy. */
  readonly #take = (chunk: Uint8Array): void => {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length + PIECE_COST_BYTES;
    if (this.#waitingBytes >= WAITING_BYTES_MAX) this.#req.pause();
    this.#rouse();
  };

  readonly #rouse = (): void => {
    const waiting = this.#wake;
    this.#wake = undefined;
    waiting?.();
  };
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
  collect(): Soon<Uint8Array> {
    return this.#body().collect();
  }
  stream(): AsyncIterable<Uint8Array> {
    return this.#body().stream();
  }
  trailers(): ReadonlyMap<string, string> {
    return this.#body().trailers();
  }
}
