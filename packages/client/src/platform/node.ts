/** Node and Bun: node:crypto, Node streams out, every kind of body in. */
import { statSync } from "node:fs";
import { Readable } from "node:stream";
import { nodeCipher } from "@strongroom/crypto/content";
import { type GcmEncryptor, utf8 } from "@strongroom/crypto/common";
import { EncryptedBody } from "./encrypted-body.ts";
import type { InputBody, OutputBody, Platform, Source } from "./platform.ts";
import { bodyTransforms } from "./transforms.ts";
import { ignore, readWebStream, toBytes, toWebStream } from "./web-streams.ts";

function readBody(body: InputBody): Source {
  if (body === undefined) return { kind: "bytes", bytes: new Uint8Array(0) };
  if (typeof body === "string") return { kind: "bytes", bytes: utf8(body) };
  if (body instanceof Uint8Array) return { kind: "bytes", bytes: body };
  if (body instanceof ReadableStream)
    return { kind: "stream", chunks: readWebStream(body), length: undefined };
  if (body instanceof Blob)
    return { kind: "stream", chunks: readWebStream(body.stream()), length: body.size };
  if (isNodeReadable(body)) return { kind: "stream", chunks: readNodeStream(body), length: fileLength(body) };
  throw new TypeError("Body must be a string, bytes, a Blob or a stream");
}

function isNodeReadable(body: object): body is Readable {
  return body instanceof Readable || (Symbol.asyncIterator in body && "pipe" in body);
}

/** A byte stream is iterated as it is: a generator in between costs as much a chunk as its encryption does. */
function readNodeStream(stream: Readable): AsyncIterable<Uint8Array> {
  const isBytes = stream.readableObjectMode === false && stream.readableEncoding === null;
  return isBytes ? stream : converted(stream);
}

async function* converted(stream: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield toBytes(chunk);
}

/** As the SDK does: a stream that `fs.createReadStream` opened by path has a known length. */
function fileLength(stream: Readable): number | undefined {
  if (!("path" in stream) || typeof stream.path !== "string") return undefined;
  const start = "start" in stream && typeof stream.start === "number" ? stream.start : 0;
  const end = "end" in stream && typeof stream.end === "number" ? stream.end + 1 : Number.POSITIVE_INFINITY;
  const size = statSync(stream.path).size;
  return Math.max(0, Math.min(size, end) - start);
}

function uploadBody(
  chunks: AsyncIterable<Uint8Array>,
  encryptor: GcmEncryptor,
  onFailure: (error: unknown) => void,
): { body: Readable; close: () => void } {
  const source = chunks instanceof Readable ? chunks : Readable.from(chunks, { objectMode: false });
  const body = new EncryptedBody(source, encryptor, onFailure);
  return { body, close: () => void body.destroy() };
}

class DecryptedStream extends Readable {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #discard: () => Promise<void>;

  constructor(chunks: AsyncIterable<Uint8Array>, discard: () => Promise<void>) {
    super();
    this.#iterator = chunks[Symbol.asyncIterator]();
    this.#discard = discard;
  }

  override _read(): void {
    this.#iterator.next().then(
      (next) => {
        // An empty chunk pushed would not ask for the next one.
        if (next.done !== true && next.value.length === 0) this._read();
        else this.push(next.done === true ? null : next.value);
      },
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error("decryption failed")),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // A generator that never started skips its own clean-up, so the source is closed here as well. Not awaited in
    // sequence with `next`: a read that hangs on the network must not keep the socket open.
    this.#iterator.return?.()?.then(ignore, ignore);
    this.#discard().then(
      () => callback(error),
      () => callback(error),
    );
  }
}

function responseBody(chunks: AsyncIterable<Uint8Array>, discard: () => Promise<void>): OutputBody {
  const stream = new DecryptedStream(chunks, discard);
  const transforms = bodyTransforms(
    () => readNodeStream(stream),
    () => toWebStream(readNodeStream(stream), async () => void stream.destroy()),
  );
  return Object.assign(stream, transforms);
}

function chunksOf(body: OutputBody): AsyncIterable<Uint8Array> {
  if (body instanceof ReadableStream) return readWebStream(body);
  if (body instanceof Blob) return readWebStream(body.stream());
  return readNodeStream(body);
}

async function discard(body: OutputBody | undefined): Promise<void> {
  if (body === undefined || body instanceof Blob) return;
  if (body instanceof ReadableStream) {
    if (!body.locked) await body.cancel().catch(ignore);
    return;
  }
  body.on("error", ignore);
  body.destroy();
}

export const platform: Platform = {
  cipher: nodeCipher,
  streamsUploads: true,
  readBody,
  uploadBody,
  chunksOf,
  discard,
  responseBody,
};
