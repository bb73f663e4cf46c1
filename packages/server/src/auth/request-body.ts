/**
 * A request body after transfer decoding: exact size, checked against what the signature says about it. Data may reach
 * the consumer before the last check has passed, because a large body is never held in memory; the consumer commits
 * nothing before the stream has ended without an error. On failure the source is closed.
 */
import { createHash, hash } from "node:crypto";
import { release } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import type { Soon } from "../base/soon.ts";
import { ChunkedDecoder } from "./aws-chunked.ts";
import type { PayloadMode } from "./payload-mode.ts";
import { EMPTY_SHA256 } from "./sigv4.ts";

/** Exactly one of `collect` and `stream` is used, once. */
export interface RequestBody {
  /** Decoded size in bytes. */
  readonly size: number;
  /** The whole body, verified. For sizes that the caller has found acceptable. At once where it is here. */
  collect(): Soon<Uint8Array>;
  /** A chunk is the consumer's until it asks for the next one; then it may be empty, so that its memory serves again. */
  stream(): AsyncIterable<Uint8Array>;
  /** Trailing fields by lower-case name, after the end. */
  trailers(): ReadonlyMap<string, string>;
}

/** Where body bytes come from. */
export interface WholeSource extends AsyncIterable<Uint8Array> {
  /** All of them in one piece, if they are at hand already. `size` is Content-Length. */
  whole?(size: number): Uint8Array | undefined;
}

const HEAD_IS_DONE = Promise.resolve();
const NO_TRAILERS: ReadonlyMap<string, string> = new Map();

/** Throws MissingContentLength if the size is unknown. */
export function openBody(source: WholeSource, payload: PayloadMode): RequestBody {
  switch (payload.kind) {
    case "plain":
      return new PlainBody(source, payload.size ?? fail("MissingContentLength"), payload.sha256);
    case "chunked":
      return new ChunkedBody(source, payload);
    case "buffered":
      return new BufferedBody(payload.body);
  }
}

function checkSha256(claimed: string, computed: string): void {
  if (claimed === computed || claimed.toLowerCase() === computed) return;
  fail("XAmzContentSHA256Mismatch", {
    elements: { ClientComputedContentSHA256: claimed, S3ComputedContentSHA256: computed },
  });
}

/**
 * One buffer of exactly `size` bytes; the input's own if it came in one piece. Copied as it arrives, so that a client
 * who sends byte by byte does not make us keep a socket buffer for each.
 */
async function gather(pieces: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  let whole: Uint8Array | undefined;
  let received = 0;
  for await (const piece of pieces) {
    if (piece.length > size - received) fail("IncompleteBody");
    if (piece.length === size) {
      whole = piece;
    } else {
      whole ??= new Uint8Array(size);
      whole.set(piece, received);
    }
    received += piece.length;
  }
  if (received !== size) fail("IncompleteBody");
  return whole ?? new Uint8Array(0);
}

class PlainBody implements RequestBody {
  readonly size: number;
  readonly #source: WholeSource;
  readonly #sha256: string | undefined;

  constructor(source: WholeSource, size: number, sha256: string | undefined) {
    this.size = size;
    this.#source = source;
    this.#sha256 = sha256;
  }

  collect(): Soon<Uint8Array> {
    const body = this.#source.whole?.(this.size);
    return body === undefined ? this.#collectLater() : this.#checked(body);
  }

  async #collectLater(): Promise<Uint8Array> {
    const source = this.#source;
    // What came with the head is handed on as soon as those who were called with the head wait for it.
    await HEAD_IS_DONE;
    return this.#checked(source.whole?.(this.size) ?? (await gather(source, this.size)));
  }

  #checked(body: Uint8Array): Uint8Array {
    if (this.#sha256 !== undefined) {
      checkSha256(this.#sha256, body.length === 0 ? EMPTY_SHA256 : hash("sha256", body, "hex"));
    }
    return body;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    const sha256 = this.#sha256 === undefined ? undefined : createHash("sha256");
    let received = 0;
    for await (const piece of this.#source) {
      received += piece.length;
      if (received > this.size) fail("IncompleteBody");
      // Hashed before it is handed on: afterwards the bytes belong to the consumer.
      sha256?.update(piece);
      yield piece;
      release(piece);
    }
    if (received !== this.size) fail("IncompleteBody");
    if (this.#sha256 !== undefined && sha256 !== undefined) checkSha256(this.#sha256, sha256.digest("hex"));
  }

  trailers(): ReadonlyMap<string, string> {
    return NO_TRAILERS;
  }
}

class ChunkedBody implements RequestBody {
  readonly size: number;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #decoder: ChunkedDecoder;
  readonly #wireSize: number | undefined;

  constructor(source: AsyncIterable<Uint8Array>, payload: PayloadMode & { kind: "chunked" }) {
    this.size = payload.size;
    this.#source = source;
    this.#decoder = new ChunkedDecoder(payload);
    this.#wireSize = payload.wireSize;
  }

  async collect(): Promise<Uint8Array> {
    return gather(this.#decoded(false), this.size);
  }

  stream(): AsyncIterable<Uint8Array> {
    return this.#decoded(true);
  }

  async *#decoded(reuse: boolean): AsyncGenerator<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let received = 0;
    for await (const input of this.#source) {
      received += input.length;
      this.#decoder.push(input, pieces);
      yield* pieces;
      pieces.length = 0;
      if (reuse) release(input);
    }
    if (this.#wireSize !== undefined && received !== this.#wireSize) fail("IncompleteBody");
    this.#decoder.end();
  }

  trailers(): ReadonlyMap<string, string> {
    return this.#decoder.trailers();
  }
}

class BufferedBody implements RequestBody {
  readonly #body: Uint8Array;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  get size(): number {
    return this.#body.length;
  }

  collect(): Uint8Array {
    return this.#body;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    if (this.#body.length > 0) yield this.#body;
  }

  trailers(): ReadonlyMap<string, string> {
    return NO_TRAILERS;
  }
}
