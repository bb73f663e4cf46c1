/**
 * Decoder of the aws-chunked transfer form (spec access 1.5):
 *
 *     <hex size>[;chunk-signature=<64 hex>] CRLF <data> CRLF ...   0[;chunk-signature=...] CRLF [name:value CRLF]... CRLF
 *
 * As S3, it takes blanks around the signature's parts, the end of the input for the last CRLF, and in unsigned bodies a little
 * more input after it, which nobody looks at.
 *
 * A push parser without I/O. Data is handed on as views of the input, never copied; only a header or trailer line that
 * is cut between two inputs is kept, within its limit. Whatever else a client sends, memory stays at two small buffers.
 *
 * INVARIANT: data of a signed chunk is handed on before its signature, which comes with the *next* bytes' arrival, has
 * been checked. Whoever consumes it makes nothing visible until {@link ChunkedDecoder.end} has returned.
 */
import { createHash, hash, type Hash } from "node:crypto";
import { assert, fail } from "../base/errors.ts";
import { CHUNK_BYTES_MIN, CHUNK_HEADER_BYTES_MAX, TRAILER_BYTES_MAX } from "../base/limits.ts";
import { type ChunkChain, EMPTY_SHA256 } from "./sigv4.ts";

const LF = 0x0a;
const CR = 0x0d;
const CHUNK_HEADER = /^([0-9a-fA-F]{1,16})[ \t]*(?:;[ \t]*chunk-signature[ \t]*=[ \t]*([^\s;]+)[ \t]*)?$/;
const TRAILER_SIGNATURE = "x-amz-trailer-signature";
const FIELD_NAME = /^[a-z0-9-]+$/;

type State = "header" | "data" | "data-end" | "trailer" | "done";

export interface ChunkedOptions {
  /** x-amz-decoded-content-length. */
  readonly size: number;
  /** Trailing fields may follow the last chunk. */
  readonly trailing: boolean;
  /** Names announced by x-amz-trailer, lower case: exactly these must come. */
  readonly trailers: readonly string[];
  /** Signed modes. */
  readonly chain?: ChunkChain;
}

export class ChunkedDecoder {
  readonly #options: ChunkedOptions;
  readonly #trailers = new Map<string, string>();
  #state: State = "header";
  #decoded = 0;
  #chunkIndex = 0;
  /** Data bytes of the present chunk still to come. */
  #left = 0;
  #chunkSize = 0;
  #chunkSignature = "";
  #chunkHash: Hash | undefined;
  /** Size of the chunk before, if it was below the minimum: an error as soon as another one follows. */
  #small: number | undefined;
  readonly #line = Buffer.allocUnsafeSlow(TRAILER_BYTES_MAX);
  #lineSize = 0;
  #trailerBytes = 0;
  #trailerBlock = "";
  #trailerSignature: string | undefined;
  #overhang = 0;

  constructor(options: ChunkedOptions) {
    this.#options = options;
  }

  /**
   * Takes the next input and appends the data in it to `out`. Throws IncompleteBody for bad framing,
   * InvalidChunkSizeError, MalformedTrailerError, SignatureDoesNotMatch; after that the decoder is of no more use.
   */
  push(input: Uint8Array, out: Uint8Array[]): void {
    let at = 0;
    while (at < input.length) {
      switch (this.#state) {
        case "data":
          at = this.#takeData(input, at, out);
          break;
        case "header":
        case "data-end":
        case "trailer":
          at = this.#takeLine(input, at);
          break;
        case "done":
          this.#overhang += input.length - at;
          if (this.#options.chain !== undefined || this.#overhang > TRAILER_BYTES_MAX) brokenOff();
          return;
      }
    }
  }

  /** The input is over. Throws IncompleteBody if the body is not. */
  end(): void {
    if (this.#state === "trailer" && this.#lineSize === 0 && this.#hasTrailers()) this.#endTrailers();
    if (this.#state !== "done") brokenOff();
  }

  /** By lower-case name; complete and, in the signed modes, verified once {@link end} has returned. */
  trailers(): ReadonlyMap<string, string> {
    assert(this.#state === "done", "trailers are read after the end of the body");
    return this.#trailers;
  }

  #takeData(input: Uint8Array, at: number, out: Uint8Array[]): number {
    const size = Math.min(this.#left, input.length - at);
    const data = at === 0 && size === input.length ? input : input.subarray(at, at + size);
    out.push(data);
    this.#left -= size;
    this.#decoded += size;
    const { chain } = this.#options;
    if (chain !== undefined) {
      if (size === this.#chunkSize) {
        // The whole chunk in one piece: one call instead of three.
        chain.verifyChunk(this.#chunkSignature, hash("sha256", data, "hex"));
      } else {
        // Hashed here and now: once handed on, the bytes belong to the consumer.
        this.#chunkHash ??= createHash("sha256");
        this.#chunkHash.update(data);
        if (this.#left === 0) chain.verifyChunk(this.#chunkSignature, this.#chunkHash.digest("hex"));
      }
    }
    if (this.#left === 0) {
      this.#chunkHash = undefined;
      this.#state = "data-end";
    }
    return at + size;
  }

  /** Collects up to the next line feed; a line that exceeds its limit is refused before it is stored. */
  #takeLine(input: Uint8Array, at: number): number {
    const max = this.#lineMax();
    const end = input.indexOf(LF, at);
    const size = (end < 0 ? input.length : end + 1) - at;
    if (this.#lineSize + size > max) this.#longLine();
    if (end < 0 || this.#lineSize > 0) {
      this.#line.set(input.subarray(at, at + size), this.#lineSize);
      this.#lineSize += size;
      if (end < 0) return input.length;
      const whole = this.#line.subarray(0, this.#lineSize);
      this.#lineSize = 0;
      this.#endLine(whole);
    } else {
      this.#endLine(input.subarray(at, end + 1));
    }
    return at + size;
  }

  #longLine(): never {
    if (this.#state === "trailer" && this.#options.trailing) fail("MalformedTrailerError");
    brokenOff();
  }

  #lineMax(): number {
    if (this.#state === "data-end") return 2;
    return this.#state === "trailer" ? TRAILER_BYTES_MAX - this.#trailerBytes : CHUNK_HEADER_BYTES_MAX;
  }

  #endLine(line: Uint8Array): void {
    if (line[line.length - 2] !== CR) brokenOff();
    if (this.#state === "data-end") {
      this.#state = "header";
      return;
    }
    const text = Buffer.from(line.buffer, line.byteOffset, line.length - 2).toString("latin1");
    if (this.#state === "header") this.#beginChunk(text);
    else {
      this.#trailerBytes += line.length;
      if (text === "") this.#endTrailers();
      else this.#takeTrailer(text);
    }
  }

  #beginChunk(header: string): void {
    const match = CHUNK_HEADER.exec(header);
    const size = Number.parseInt(match?.[1] ?? "", 16);
    const signature = match?.[2];
    const { chain, size: expected } = this.#options;
    if (Number.isNaN(size) || (signature === undefined) !== (chain === undefined)) brokenOff();
    if (size > expected - this.#decoded) wrongSize(this.#decoded + size, expected);
    this.#chunkIndex += 1;
    if (size > 0 && this.#small !== undefined) {
      fail("InvalidChunkSizeError", {
        elements: { Chunk: String(this.#chunkIndex - 1), BadChunkSize: String(this.#small) },
      });
    }
    if (size === 0) {
      if (this.#decoded !== expected) wrongSize(this.#decoded, expected);
      chain?.verifyChunk(signature ?? "", EMPTY_SHA256);
      this.#state = "trailer";
      return;
    }
    this.#small = size < CHUNK_BYTES_MIN ? size : undefined;
    this.#left = size;
    this.#chunkSize = size;
    this.#chunkSignature = signature ?? "";
    this.#state = "data";
  }

  #takeTrailer(line: string): void {
    if (!this.#options.trailing) brokenOff();
    const colon = line.indexOf(":");
    const name = withoutBlanks(line.slice(0, Math.max(colon, 0))).toLowerCase();
    const value = withoutBlanks(line.slice(colon + 1));
    // The signature closes the trailers: what comes after it would be covered by nothing.
    if (colon < 0 || !FIELD_NAME.test(name) || this.#trailerSignature !== undefined)
      fail("MalformedTrailerError");
    if (name === TRAILER_SIGNATURE && this.#options.chain !== undefined) {
      this.#trailerSignature = value;
      return;
    }
    if (!this.#options.trailers.includes(name) || this.#trailers.has(name)) fail("MalformedTrailerError");
    this.#trailers.set(name, value);
    this.#trailerBlock += `${name}:${value}\n`;
  }

  /** All that was announced, and its signature where there is one. */
  #hasTrailers(): boolean {
    const { trailing, trailers, chain } = this.#options;
    const signed = !trailing || chain === undefined || this.#trailerSignature !== undefined;
    return signed && this.#trailers.size === trailers.length;
  }

  #endTrailers(): void {
    const { trailing, trailers, chain } = this.#options;
    if (this.#trailers.size !== trailers.length) fail("MalformedTrailerError");
    if (trailing && chain !== undefined) {
      chain.verifyTrailer(this.#trailerSignature ?? brokenOff(), this.#trailerBlock);
    }
    this.#state = "done";
  }
}

/** Around it, spaces and tabs (RFC 9110 section 5.6.3), and not whatever else is white. */
function withoutBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}
const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

function brokenOff(): never {
  fail("IncompleteBody", "The request body terminated unexpectedly");
}

/** What the chunks say that they carry is not what the head said. */
function wrongSize(provided: number, expected: number): never {
  fail("IncompleteBody", {
    elements: { NumberBytesExpected: String(expected), NumberBytesProvided: String(provided) },
  });
}
