/**
 * Bodies that are read before anybody is known: bounded in bytes and in time, and kept as their bytes alone, however small
 * the pieces are in which they come. A piece of the socket costs some hundred bytes beside its own.
 */
import type { IncomingMessage } from "node:http";
import { fail } from "../../base/errors.ts";
import { LONGER_BODIES_BYTES_MAX, SMALL_BODY_BYTES_MAX, SMALL_BODY_MS_MAX } from "../../base/limits.ts";

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

/** The service's own errors. */
export interface BodyRefusals {
  /** Beyond `bytesMax`. */
  readonly tooLong: () => never;
  /** Longer than most, while others like it fill what there is for them. */
  readonly crowded: () => never;
}

/** Of bodies longer than most. Whoever sends only such ones can neither fill memory nor keep short ones out. */
let longerBytes = 0;

/** The whole body. RequestTimeout for one that trickles. The request stays open in any case: it still has to be answered. */
export async function readSmallBody(
  req: IncomingMessage,
  bytesMax: number,
  refusals: BodyRefusals,
  msMax = SMALL_BODY_MS_MAX,
): Promise<Uint8Array> {
  const body = new Gathered();
  let counted = 0;
  const sinceMs = performance.now();
  const pieces: AsyncIterable<Uint8Array> = req.iterator({ destroyOnReturn: false });
  try {
    for await (const piece of pieces) {
      body.add(piece);
      if (body.length > bytesMax) refusals.tooLong();
      if (body.length > SMALL_BODY_BYTES_MAX) {
        longerBytes += body.length - counted;
        counted = body.length;
        if (longerBytes > LONGER_BODIES_BYTES_MAX) refusals.crowded();
      }
      // One that sends nothing at all is cut for its silence.
      if (performance.now() - sinceMs > msMax) fail("RequestTimeout");
    }
    return body.bytes;
  } finally {
    longerBytes -= counted;
  }
}
