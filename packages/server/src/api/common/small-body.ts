/**
 * Bodies that are read before anybody is known: bounded in bytes and in time, and kept as their bytes alone, however small
 * the pieces are in which they come. A piece of the socket costs some hundred bytes beside its own.
 */
import type { IncomingMessage } from "node:http";
import { fail } from "../../base/errors.ts";
import { SMALL_BODY_MS_MAX } from "../../base/limits.ts";

const NOTHING = new Uint8Array(0);
const GROWN_BYTES_MIN = 4096;

/** Pieces in one buffer that doubles. A single one stays as it came. */
export class Gathered {
  #bytes: Uint8Array = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  add(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (this.#length === 0) this.#bytes = piece;
    else {
      // The first piece is full, so that nothing is written into memory of the socket's.
      if (needed > this.#bytes.length) {
        const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length, GROWN_BYTES_MIN));
        grown.set(this.bytes);
        this.#bytes = grown;
      }
      this.#bytes.set(piece, this.#length);
    }
    this.#length = needed;
  }
}

/**
 * The whole body. `tooLong` throws the service's own error beyond `bytesMax`; RequestTimeout for one that trickles. The
 * request stays open in either case: it still has to be answered.
 */
export async function readSmallBody(
  req: IncomingMessage,
  bytesMax: number,
  tooLong: () => never,
  msMax = SMALL_BODY_MS_MAX,
): Promise<Uint8Array> {
  const body = new Gathered();
  const sinceMs = performance.now();
  const pieces: AsyncIterable<Uint8Array> = req.iterator({ destroyOnReturn: false });
  for await (const piece of pieces) {
    body.add(piece);
    if (body.length > bytesMax) tooLong();
    // One that sends nothing at all is cut for its silence.
    if (performance.now() - sinceMs > msMax) fail("RequestTimeout");
  }
  return body.bytes;
}
