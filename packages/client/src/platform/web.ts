/** Browsers: WebCrypto, web streams, uploads as bytes. INVARIANT: no node: import is reachable from here. */
import { utf8 } from "@strongroom/crypto/common";
import { webCipher } from "@strongroom/crypto/web";
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
  if (Symbol.asyncIterator in body) return { kind: "stream", chunks: iterate(body), length: undefined };
  throw new TypeError("Body must be a string, bytes, a Blob or a stream");
}

async function* iterate(body: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield toBytes(chunk);
}

async function* chunksOf(body: OutputBody): AsyncGenerator<Uint8Array> {
  if (body instanceof ReadableStream) yield* readWebStream(body);
  else if (body instanceof Blob) yield* readWebStream(body.stream());
  else yield* iterate(body);
}

async function discard(body: OutputBody | undefined): Promise<void> {
  if (body instanceof ReadableStream && !body.locked) await body.cancel().catch(ignore);
  else if (body !== undefined && "destroy" in body) body.destroy();
}

function responseBody(chunks: AsyncIterable<Uint8Array>, discardSource: () => Promise<void>): OutputBody {
  const stream = toWebStream(chunks, discardSource);
  const transforms = bodyTransforms(
    () => readWebStream(stream),
    () => stream,
  );
  return Object.assign(stream, transforms);
}

export const platform: Platform = {
  cipher: webCipher,
  streamsUploads: false,
  readBody,
  uploadBody: () => {
    throw new TypeError("request bodies cannot be streams in a browser");
  },
  chunksOf,
  discard,
  responseBody,
};
