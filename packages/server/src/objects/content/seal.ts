/**
 * Plaintext in, sealed streams out: small ones as a row of table `inline`, others as a blob. One dek a layer for all
 * streams of a content; every stream, so every part attempt too, has a fresh salt (pitfall 4).
 */
import {
  DSSE_SMALL_BYTES_MAX,
  dsseStoredSize,
  type SealedSmall,
  sealDsse,
  sealSmall,
  sealSmallDsse,
  sealStream,
  SecretKey,
  storedSize,
  StreamSealer,
} from "@strongroom/crypto";
import { assert } from "../../base/errors.ts";
import type { BlobId, ContentId } from "../../base/ids.ts";
import { INLINE_BYTES_MAX } from "../../base/limits.ts";
import type { Put, Sealed, Store } from "../../store/port.ts";
import { crc32cOf } from "../checksum/algorithms.ts";
import type { Deks } from "../encryption/envelopes.ts";
import { inlineKey } from "../rows/row-keys.ts";
import type { Location } from "./location.ts";

/** A stream as written: what its manifest entry and its location say. */
export interface WrittenStream {
  readonly plaintextSize: number;
  readonly commitments: readonly [Uint8Array] | readonly [Uint8Array, Uint8Array];
  readonly location: Location;
}

export const newDeks = (layers: 1 | 2): Deks =>
  layers === 1 ? [SecretKey.generate("dek")] : [SecretKey.generate("dek"), SecretKey.generate("dek")];

export const storedSizeOf = (plaintextSize: number, layers: number): number =>
  layers === 1 ? storedSize(plaintextSize) : dsseStoredSize(plaintextSize);

/** Whether a body of this size lives in the record store. INVARIANT: then it is one segment. */
export function fitsInline(plaintextSize: number, layers: number): boolean {
  return plaintextSize <= DSSE_SMALL_BYTES_MAX && storedSizeOf(plaintextSize, layers) <= INLINE_BYTES_MAX;
}

/** Seals a small body; the row goes into the commit that publishes. */
export function sealInline(
  content: ContentId,
  index: number,
  plaintext: Uint8Array,
  deks: Deks,
): { readonly stream: WrittenStream; readonly row: Put } {
  const { stored, commitments } = sealWhole(plaintext, deks);
  const location = { storedSize: stored.length, crc32c: crc32cOf(stored) };
  return {
    stream: { plaintextSize: plaintext.length, commitments, location },
    row: { table: "inline", key: inlineKey(content, index), value: asSealed(stored) },
  };
}

function sealWhole(
  plaintext: Uint8Array,
  deks: Deks,
): { stored: Uint8Array; commitments: WrittenStream["commitments"] } {
  const [inner, outer] = deks;
  if (outer !== undefined) return sealSmallDsse(plaintext, [inner, outer]);
  const { stored, commitment }: SealedSmall = sealSmall(plaintext, inner, 0);
  return { stored, commitments: [commitment] };
}

/**
 * Seals a body of exactly `size` bytes into a new blob, durably. Fails with the source, or if it has another size; then
 * nothing stays. Who calls it keeps an intent row (or a part's) for the blob.
 */
export async function sealBlob(
  store: Store,
  blob: BlobId,
  source: AsyncIterable<Uint8Array>,
  size: number,
  deks: Deks,
): Promise<WrittenStream> {
  const [inner, outer] = deks;
  const expected = storedSizeOf(size, deks.length);
  const innerSealer = new StreamSealer(inner, 0);
  const outerSealer = outer === undefined ? undefined : new StreamSealer(outer, 1);
  const sealed =
    outerSealer === undefined
      ? sealStream(source, innerSealer, size, true)
      : sealDsse(source, innerSealer, outerSealer, size, true);
  const written = await store.blobs.put(blob, sealed, expected);
  assert(written.size === expected, "a blob has the size of its stream");
  return {
    plaintextSize: size,
    commitments:
      outerSealer === undefined ? [innerSealer.commitment] : [innerSealer.commitment, outerSealer.commitment],
    location: { blob, storedSize: written.size, crc32c: written.crc32c },
  };
}

/** A sealed stream reveals nothing: it may cross the port. */
const asSealed = (stream: Uint8Array): Sealed => stream as Sealed;
