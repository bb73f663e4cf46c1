/**
 * DSSE (sealed format, section 3): the inner stream (layer 0) seals the plaintext under one dek, the outer stream (layer 1)
 * seals the inner stream's bytes under another. Ranges compose: plaintext -> inner segments -> inner stored bytes ->
 * outer segments.
 */
import { CryptoError } from "./errors.ts";
import { type Random, systemRandom } from "./random.ts";
import type { SecretKey } from "./secret-key.ts";
import { openRange, openSmall, openStream, type ReadStored } from "./stream-opener.ts";
import { sealSmall, type SealedSmall, sealStream, type StreamSealer } from "./stream-sealer.ts";
import {
  HEADER_BYTES,
  plaintextSize as plaintextSizeOf,
  SEGMENT_TAG_BYTES,
  SEGMENT_BYTES,
  storedSize,
} from "./stream-size.ts";

/** What the manifest says of a stream sealed twice, and its keys. */
export interface DsseSpec {
  /** [layer 0, layer 1] */
  readonly deks: readonly [SecretKey<"dek">, SecretKey<"dek">];
  /** [layer 0, layer 1], 32 bytes each. */
  readonly commitments: readonly [Uint8Array, Uint8Array];
  /** Of the plaintext. */
  readonly plaintextSize: number;
}

/** Stored bytes of n plaintext bytes sealed twice. */
export const dsseStoredSize = (plaintextSize: number): number => storedSize(storedSize(plaintextSize));

/** The exact inverse of {@link dsseStoredSize}. */
export function dssePlaintextSize(stored: number): number | undefined {
  const inner = plaintextSizeOf(stored);
  return inner === undefined ? undefined : plaintextSizeOf(inner);
}

/** Bodies up to this size fit {@link sealSmallDsse}: the inner stream is one outer segment. */
export const DSSE_SMALL_BYTES_MAX: number = SEGMENT_BYTES - HEADER_BYTES - SEGMENT_TAG_BYTES;

/** As `sealStream`, through both layers. `inner` is a sealer of layer 0, `outer` of layer 1. */
export function sealDsse(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  inner: StreamSealer,
  outer: StreamSealer,
  plaintextSize?: number,
  reuse?: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  const innerSize = plaintextSize === undefined ? undefined : storedSize(plaintextSize);
  return sealStream(sealStream(source, inner, plaintextSize, reuse), outer, innerSize, reuse);
}

export interface SealedSmallDsse {
  readonly stored: Uint8Array;
  /** [layer 0, layer 1] */
  readonly commitments: readonly [Uint8Array, Uint8Array];
}

/** A body of at most {@link DSSE_SMALL_BYTES_MAX} bytes in one go. Throws SizeMismatch. */
export function sealSmallDsse(
  plaintext: Uint8Array,
  deks: DsseSpec["deks"],
  random: Random = systemRandom,
): SealedSmallDsse {
  const inner: SealedSmall = sealSmall(plaintext, deks[0], 0, random);
  const outer = sealSmall(inner.stored, deks[1], 1, random);
  return { stored: outer.stored, commitments: [inner.commitment, outer.commitment] };
}

/** The reverse of {@link sealSmallDsse}. */
export function openSmallDsse(stored: Uint8Array, spec: DsseSpec): Uint8Array {
  const innerSize = storedSize(spec.plaintextSize);
  const inner = openSmall(stored, spec.deks[1], 1, spec.commitments[1], innerSize);
  return openSmall(inner, spec.deks[0], 0, spec.commitments[0], spec.plaintextSize);
}

/** As `openStream`, through both layers. */
export function openDsse(
  stored: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  spec: DsseSpec,
  reuse?: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  const [inner, outer] = layers(spec);
  return openStream(openStream(stored, outer, true), inner, reuse);
}

/** As `openRange`, through both layers. Throws SizeMismatch where `stored` is no size that two layers can have. */
export function openDsseRange(
  read: ReadStored,
  stored: number,
  spec: DsseSpec,
  from: number,
  to: number,
  reuse?: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  const innerStored = plaintextSizeOf(stored);
  if (innerStored === undefined) throw new CryptoError("SizeMismatch", "stored stream");
  const [inner, outer] = layers(spec);
  return openRange((a, b) => openRange(read, stored, outer, a, b, true), innerStored, inner, from, to, reuse);
}

function layers(
  spec: DsseSpec,
): readonly [inner: Parameters<typeof openStream>[1], outer: Parameters<typeof openStream>[1]] {
  const { deks, commitments, plaintextSize } = spec;
  return [
    { dek: deks[0], layer: 0, commitment: commitments[0], plaintextSize },
    { dek: deks[1], layer: 1, commitment: commitments[1], plaintextSize: storedSize(plaintextSize) },
  ];
}
