/**
 * What is computed over a body on its way in, and checked before anything is committed (spec K.3): the MD5 of Content-MD5
 * and of SSE-S3 ETags, and the one checksum that is kept: the client's, else CRC64NVME. All over the plaintext.
 */
import { fail } from "../../base/errors.ts";
import type { ChecksumAlgorithm, Integrity } from "../api.ts";
import { checksumOf, type Hasher, startChecksum } from "../checksum/algorithms.ts";
import { digestBytes } from "../checksum/digest-text.ts";

export interface Digests {
  /** Only where it was asked for. */
  readonly md5: Uint8Array | undefined;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: Uint8Array };
}

type ShownMd5 = "hex" | "base64";
type Trailers = () => ReadonlyMap<string, string>;

/** The algorithm whose value is kept. */
export function keptAlgorithm(integrity: Integrity): ChecksumAlgorithm {
  return integrity.checksum?.algorithm ?? integrity.algorithm ?? "CRC64NVME";
}

/** A whole body at once. `wantMd5`: for the ETag. Throws BadDigest. */
export function digestWhole(
  bytes: Uint8Array,
  integrity: Integrity,
  wantMd5: boolean,
  trailers: Trailers,
): Digests {
  const md5 = wantMd5 || integrity.contentMd5 !== undefined ? checksumOf("MD5", bytes) : undefined;
  const algorithm = keptAlgorithm(integrity);
  const value = algorithm === "MD5" && md5 !== undefined ? md5 : checksumOf(algorithm, bytes);
  return checked({ md5, checksum: { algorithm, value } }, integrity, trailers);
}

/** The same over a stream. */
export class StreamDigests {
  readonly #integrity: Integrity;
  readonly #shownMd5: ShownMd5;
  readonly #algorithm: ChecksumAlgorithm;
  readonly #md5: Hasher | undefined;
  readonly #kept: Hasher | undefined;
  #result: Digests | undefined;

  /** `shownMd5`: how a wrong Content-MD5 is shown. */
  constructor(integrity: Integrity, wantMd5: boolean, shownMd5: ShownMd5 = "hex") {
    this.#integrity = integrity;
    this.#shownMd5 = shownMd5;
    this.#algorithm = keptAlgorithm(integrity);
    const md5 = wantMd5 || integrity.contentMd5 !== undefined || this.#algorithm === "MD5";
    this.#md5 = md5 ? startChecksum("MD5") : undefined;
    this.#kept = this.#algorithm === "MD5" ? undefined : startChecksum(this.#algorithm);
  }

  /**
   * Passes a body through. It ends only if the digests hold, so what consumes it (a blob being written) fails with it
   * and leaves nothing. Throws BadDigest.
   */
  async *observe(source: AsyncIterable<Uint8Array>, trailers: Trailers): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#md5?.update(chunk);
      this.#kept?.update(chunk);
      yield chunk;
    }
    const md5 = this.#md5?.digest();
    const value = this.#kept?.digest() ?? md5 ?? new Uint8Array(0);
    this.#result = checked(
      { md5, checksum: { algorithm: this.#algorithm, value } },
      this.#integrity,
      trailers,
      this.#shownMd5,
    );
  }

  /** After the end. */
  get result(): Digests {
    if (this.#result === undefined) throw new Error("INVARIANT: digests are read after the body's end");
    return this.#result;
  }
}

function checked(
  digests: Digests,
  integrity: Integrity,
  trailers: Trailers,
  shownMd5: ShownMd5 = "hex",
): Digests {
  const { contentMd5, checksum } = integrity;
  if (contentMd5 !== undefined && !same(contentMd5, digests.md5)) badMd5(contentMd5, digests.md5, shownMd5);
  if (checksum !== undefined) {
    const header = `x-amz-checksum-${checksum.algorithm.toLowerCase()}`;
    const sent = checksum.value ?? trailers().get(header);
    if (sent === undefined) fail("MalformedTrailerError");
    const value = parseChecksumValue(checksum.algorithm, sent, checksum.value === undefined);
    if (!same(value, digests.checksum.value)) {
      fail("BadDigest", `The ${checksum.algorithm} you specified did not match the calculated checksum.`);
    }
  }
  return digests;
}

/** Throws BadDigest with both values. S3 shows the expected one of an object in hex, of parts and documents in base64. */
export function badMd5(expected: Uint8Array, calculated: Uint8Array | undefined, shown: ShownMd5): never {
  fail("BadDigest", {
    elements: {
      ExpectedDigest: Buffer.from(expected).toString(shown),
      ...(calculated === undefined ? {} : { CalculatedDigest: Buffer.from(calculated).toString("base64") }),
    },
  });
}

/** A full-object value as clients send it; throws InvalidRequest for what cannot be one. */
export function parseChecksumValue(algorithm: ChecksumAlgorithm, text: string, trailing = false): Uint8Array {
  return (
    digestBytes(algorithm, text) ??
    fail(
      "InvalidRequest",
      `Value for x-amz-checksum-${algorithm.toLowerCase()} ${trailing ? "trailing " : ""}header is invalid.`,
    )
  );
}

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  if (b?.length !== a.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
