/** Bodies of writes, and what clients ask or promise about their integrity. */
import type { ChecksumAlgorithm, ChecksumType } from "@strongroom/crypto";
import type { Soon } from "../../base/soon.ts";

export { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, type ChecksumType } from "@strongroom/crypto";

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  /** base64; composite: base64 of the checksum of checksums, "-", part count. */
  readonly value: string;
}

/** What the client asked or promised about integrity. */
export interface Integrity {
  /** Raw 16 bytes of Content-MD5. */
  readonly contentMd5?: Uint8Array;
  /** x-amz-checksum-<algorithm> header, or the one announced by x-amz-trailer (then `value` is absent and comes from the trailers). */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value?: string };
  /** x-amz-sdk-checksum-algorithm / x-amz-checksum-algorithm without a value: compute and keep this one. */
  readonly algorithm?: ChecksumAlgorithm;
}

/**
 * A request body after transfer decoding. Exactly one of `collect` and `stream` is used, once. Both fail if the body is
 * shorter, longer, or not what its signature says; the consumer commits only after they ended well.
 */
export interface Body {
  /** Decoded size, exact. */
  readonly size: number;
  /** The whole body, for small sizes. At once where it is here. */
  collect(): Soon<Uint8Array>;
  stream(): AsyncIterable<Uint8Array>;
  /** Trailer fields by lower-case name, after the end. */
  trailers(): ReadonlyMap<string, string>;
}
