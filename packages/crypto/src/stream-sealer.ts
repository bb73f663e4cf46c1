/**
 * Seals one stream (sealed format, section 2): a fresh salt, a key of its own, segments in order. A sealer seals one
 * stream once: a retry or a resumed part makes a new one, so that no two plaintexts meet one (key, nonce).
 */
import { createCipheriv } from "node:crypto";
import { sealInto, TAG_BYTES } from "./aead.ts";
import { release } from "./bytes.ts";
import { CryptoError } from "./errors.ts";
import { direct } from "./openssl/index.ts";
import { type Random, systemRandom } from "./random.ts";
import type { SecretKey } from "./secret-key.ts";
import { commitmentOf, type Layer, newNonce, segmentNonce, writeHeader } from "./stream-header.ts";
import { HEADER_BYTES, SEGMENT_BYTES, storedSize } from "./stream-size.ts";

export class StreamSealer {
  /** The stream's first 72 bytes. */
  readonly header: Uint8Array;
  /** 32 bytes for the manifest's entry of this stream and layer. */
  readonly commitment: Uint8Array;
  readonly #okm: Uint8Array;
  readonly #key: Uint8Array;
  readonly #nonce = newNonce();
  #index = 0;
  #state: "fresh" | "begun" | "finished" = "fresh";

  constructor(dek: SecretKey<"dek">, layer: Layer, random: Random = systemRandom) {
    this.header = new Uint8Array(HEADER_BYTES);
    this.#okm = writeHeader(this.header, dek, layer, random);
    this.#key = this.#okm.subarray(0, 32);
    this.commitment = commitmentOf(this.header);
  }

  /** Claims the sealer for one stream; throws Finished the second time. */
  begin(): void {
    if (this.#state !== "fresh") throw new CryptoError("Finished", "a sealer seals one stream");
    this.#state = "begun";
  }

  /** Ciphertext || tag of the next segment, in one new buffer. Pieces as in {@link sealPieces}. */
  sealSegment(piece: Uint8Array, final: boolean): Uint8Array {
    const nonce = this.#next(piece.length, final);
    const out = new Uint8Array(piece.length + TAG_BYTES);
    sealInto(this.#key, nonce, piece, undefined, out, 0);
    if (final) this[Symbol.dispose]();
    return out;
  }

  /**
   * The next segment without the copy that joining costs: [ciphertext, tag]. A piece has 65,536 bytes; the final one 1 to
   * 65,536, or 0 if it is the only one. Throws SizeMismatch otherwise, Finished after the final segment.
   */
  sealPieces(piece: Uint8Array, final: boolean): readonly [ciphertext: Uint8Array, tag: Uint8Array] {
    const nonce = this.#next(piece.length, final);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const ciphertext = cipher.update(piece);
    cipher.final();
    if (final) this[Symbol.dispose]();
    return [ciphertext, cipher.getAuthTag()];
  }

  /** The next segment as ciphertext || tag at the start of `room`, which has space for it: a view of that. */
  sealTo(room: Uint8Array, piece: Uint8Array, final: boolean): Uint8Array {
    sealInto(this.#key, this.#next(piece.length, final), piece, undefined, room, 0);
    if (final) this[Symbol.dispose]();
    return room.subarray(0, piece.length + TAG_BYTES);
  }

  #next(size: number, final: boolean): Uint8Array {
    if (this.#state === "finished") throw new CryptoError("Finished", "a stream ends with its final segment");
    const fits = final ? size <= SEGMENT_BYTES && (size > 0 || this.#index === 0) : size === SEGMENT_BYTES;
    if (!fits) throw new CryptoError("SizeMismatch", "segment");
    this.#state = "begun";
    return segmentNonce(this.#nonce, this.#index++, final);
  }

  /** Wipes the segment key. The final segment does it by itself; call it when a stream is given up. */
  [Symbol.dispose](): void {
    this.#okm.fill(0);
    this.#state = "finished";
  }
}

/** A small body sealed in one go. */
export interface SealedSmall {
  /** The whole stream: header, the one segment, its tag. */
  readonly stored: Uint8Array;
  /** 32 bytes for the manifest. */
  readonly commitment: Uint8Array;
}

/** The whole stream of a body of at most 65,536 bytes: one MAC, one cipher call, one buffer. Throws SizeMismatch. */
export function sealSmall(
  plaintext: Uint8Array,
  dek: SecretKey<"dek">,
  layer: Layer,
  random: Random = systemRandom,
): SealedSmall {
  if (plaintext.length > SEGMENT_BYTES) throw new CryptoError("SizeMismatch", "a small body has one segment");
  const stored = new Uint8Array(storedSize(plaintext.length));
  const okm = writeHeader(stored, dek, layer, random);
  sealInto(okm.subarray(0, 32), FIRST_AND_FINAL, plaintext, undefined, stored, HEADER_BYTES);
  okm.fill(0);
  return { stored, commitment: commitmentOf(stored) };
}

const FIRST_AND_FINAL = segmentNonce(newNonce(), 0, true);

/**
 * Seals a body of any length: yields the header, then ciphertext and tag of each segment, together or by themselves:
 * whoever writes them gathers them.
 *
 * `plaintextSize`, where it is known, saves holding back every full segment until the next byte shows that it is not the
 * last; a body of another size throws SizeMismatch before its end. A chunk of `source` must not change before the next
 * one is asked for. On failure or early return the source is closed and the key wiped; what was yielded is worthless.
 * `reuse`: a yielded chunk is emptied or overwritten once the next one is asked for, so that its memory serves again.
 */
export async function* sealStream(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  sealer: StreamSealer,
  plaintextSize?: number,
  reuse?: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  sealer.begin();
  const stage = new Uint8Array(Math.min(SEGMENT_BYTES, plaintextSize ?? SEGMENT_BYTES));
  // Through node:crypto it would be one copy more: its ciphertext comes in a buffer of its own.
  const room = reuse === true && direct !== undefined ? new Uint8Array(stage.length + TAG_BYTES) : undefined;
  const sealed = (piece: Uint8Array, final: boolean): readonly Uint8Array[] =>
    room === undefined ? sealer.sealPieces(piece, final) : [sealer.sealTo(room, piece, final)];
  let filled = 0;
  let done = 0;
  try {
    yield sealer.header;
    for await (const chunk of source) {
      let at = 0;
      while (at < chunk.length) {
        // The size of the piece being made. Of unknown size, a full stage is sealed only now that more has come.
        if (plaintextSize === undefined && filled === SEGMENT_BYTES) {
          yield* sealed(stage, false);
          filled = 0;
        }
        const want =
          plaintextSize === undefined ? SEGMENT_BYTES : Math.min(SEGMENT_BYTES, plaintextSize - done);
        if (want === 0) throw new CryptoError("SizeMismatch", "the body is longer than announced");
        const left = chunk.length - at;
        const whole = plaintextSize === undefined ? left > want : left >= want;
        let piece: Uint8Array | undefined;
        if (filled === 0 && whole) {
          piece = chunk.subarray(at, at + want);
          at += want;
        } else {
          const n = Math.min(want - filled, left);
          stage.set(chunk.subarray(at, at + n), filled);
          filled += n;
          at += n;
          if (plaintextSize !== undefined && filled === want) {
            piece = stage.subarray(0, want);
            filled = 0;
          }
        }
        if (piece === undefined) continue;
        done += want;
        for (const chunkOut of sealed(piece, done === plaintextSize)) {
          yield chunkOut;
          if (reuse === true && room === undefined) release(chunkOut);
        }
      }
    }
    if (plaintextSize !== undefined && done !== plaintextSize) {
      throw new CryptoError("SizeMismatch", "the body is shorter than announced");
    }
    if (plaintextSize === undefined || plaintextSize === 0) {
      for (const chunkOut of sealed(stage.subarray(0, filled), true)) if (chunkOut.length > 0) yield chunkOut;
    }
  } finally {
    stage.fill(0);
    sealer[Symbol.dispose]();
  }
}
