/**
 * The file of a form as a body of exact size. A form does not say how large its file is, and objects are sealed knowing
 * their size. Small files are held until they end. For larger ones the size follows from Content-Length, as long as the
 * file is the form's last part and the form ends as RFC 7578 writes it; whoever sends more after it is told so.
 */
import { ServiceError } from "../../base/errors.ts";
import { FORM_FIELDS_BYTES_MAX, FORM_FILE_HELD_BYTES_MAX } from "../../base/limits.ts";
import type { Body } from "../../objects/api.ts";
import { Gathered } from "../common/small-body.ts";

const NO_TRAILERS: ReadonlyMap<string, string> = new Map();
const HEAD_BYTES_MAX = 4 * FORM_FIELDS_BYTES_MAX;

/** Passes a form on and finds out at which byte its file begins. */
export class FormSource implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #boundary: string;
  #head = "";
  /** Where in the head the part begins whose header lines have not ended yet. */
  #partAt: number | undefined;
  /** Where the header lines of the last part ended. */
  #from = 0;
  #fileAt: number | undefined;
  #done = false;

  constructor(source: AsyncIterable<Uint8Array>, contentType: string) {
    this.#source = source;
    const match = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
    this.#boundary = `--${match?.[1] ?? match?.[2] ?? ""}`;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#source) {
      if (!this.#done) this.#look(piece);
      yield piece;
    }
  }

  /** Bytes of the file if nothing but the closing delimiter follows it; undefined if its start was not found. */
  fileSize(contentLength: number): number | undefined {
    if (this.#fileAt === undefined) return undefined;
    return contentLength - this.#fileAt - `\r\n${this.#boundary}--\r\n`.length;
  }

  /**
   * The form up to the file is small: its header lines are looked at as text of one character per byte. Each byte is looked at
   * once, however small the pieces are in which it comes.
   */
  #look(piece: Uint8Array): void {
    const delimiter = `\r\n${this.#boundary}`;
    // A delimiter or the end of header lines may have begun in the piece before.
    let from = Math.max(this.#partAt ?? this.#from, this.#head.length - delimiter.length - 4);
    this.#head += Buffer.from(
      piece.buffer,
      piece.byteOffset,
      Math.min(piece.length, HEAD_BYTES_MAX),
    ).toString("latin1");
    this.#done = this.#head.length >= HEAD_BYTES_MAX;
    for (;;) {
      if (this.#partAt === undefined) {
        from = this.#head.indexOf(this.#from === 0 ? this.#boundary : delimiter, from);
        if (from < 0) return;
        this.#partAt = from;
      }
      const end = this.#head.indexOf("\r\n\r\n", from);
      if (end < 0) return;
      if (FILE_PART.test(this.#head.slice(this.#partAt, end))) {
        this.#fileAt = end + 4;
        this.#done = true;
        this.#head = "";
        return;
      }
      this.#partAt = undefined;
      this.#from = from = end;
    }
  }
}

/** Begins at the start of a line: a line of many such names would be read to its end for each of them. */
const FILE_PART = /^content-disposition:[^\r\n]*[;\s]name=(?:"file"|file(?=[;\r\n]|$))/im;

export class FormBody implements Body {
  readonly size: number;
  readonly #held: Uint8Array;
  readonly #rest: AsyncIterator<Uint8Array> | undefined;

  private constructor(size: number, held: Uint8Array, rest: AsyncIterator<Uint8Array> | undefined) {
    this.size = size;
    this.#held = held;
    this.#rest = rest;
  }

  static async open(
    file: AsyncIterable<Uint8Array>,
    expectedSize: () => number | undefined,
  ): Promise<FormBody> {
    const rest = file[Symbol.asyncIterator]();
    const held = new Gathered();
    for (;;) {
      const next = await rest.next();
      if (next.done === true) return new FormBody(held.length, held.bytes, undefined);
      held.add(next.value);
      if (held.length > FORM_FILE_HELD_BYTES_MAX) break;
    }
    const size = expectedSize();
    if (size === undefined || size < held.length) throw trailing();
    return new FormBody(size, held.bytes, rest);
  }

  async collect(): Promise<Uint8Array> {
    const whole = new Gathered();
    for await (const piece of this.stream()) whole.add(piece);
    return whole.bytes;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    // The consumer may take the memory of what it has been given.
    let bytes = this.#held.length;
    if (bytes > 0) yield this.#held;
    if (this.#rest === undefined) return;
    for (;;) {
      const next = await this.#rest.next();
      if (next.done === true) break;
      bytes += next.value.length;
      if (bytes > this.size) throw trailing();
      yield next.value;
    }
    if (bytes !== this.size) throw trailing();
  }

  trailers(): ReadonlyMap<string, string> {
    return NO_TRAILERS;
  }
}

function trailing(): ServiceError {
  return new ServiceError("MalformedPOSTRequest", {
    message:
      "In a form with a large file, the file must be the last part, followed by the closing delimiter alone.",
  });
}
