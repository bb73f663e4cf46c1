/** Web streams and blobs as chunks, and chunks as a web stream; used on every platform. */

/** Browsers differ in whether a ReadableStream is async iterable; a reader works everywhere. */
export async function* readWebStream(stream: ReadableStream<unknown>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield toBytes(value);
    }
    ended = true;
  } finally {
    if (!ended) await reader.cancel().catch(ignore);
    reader.releaseLock();
  }
}

/** Chunks as bytes; streams of text are allowed, as the SDK allows them. */
export function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === "string") return new TextEncoder().encode(chunk);
  throw new TypeError("a body stream must give bytes or strings");
}

export function toWebStream(chunks: AsyncIterable<Uint8Array>, discard: () => Promise<void>): ReadableStream {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await iterator.return?.();
      await discard();
    },
  });
}

/** For clean-up whose failure changes nothing: the error that matters is already on its way. */
export function ignore(): void {}
