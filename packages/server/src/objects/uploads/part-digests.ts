/**
 * What is computed over a part on its way in (issue: checksums on multipart). An upload that named an algorithm keeps that
 * one for each part, and refuses parts of another; one that named none keeps CRC64NVME for the object, and beside it
 * whatever checksum the client sent with the part.
 */
import type { Checksum } from "@strongroom/crypto";
import { assert, fail } from "../../base/errors.ts";
import type { ChecksumAlgorithm, Integrity } from "../api.ts";
import { type Hasher, startChecksum } from "../checksum/algorithms.ts";
import { keptAlgorithm, StreamDigests } from "../content/digests.ts";
import type { UploadRecord } from "./upload-record.ts";

export const DEFAULT_ALGORITHM: ChecksumAlgorithm = "CRC64NVME";

/** Throws InvalidRequest for a part of another algorithm than the upload's. Returns what the part is checked with. */
export function partIntegrity(upload: UploadRecord, integrity: Integrity): Integrity {
  const wanted = upload.checksum;
  if (wanted === undefined) return integrity;
  const sent = integrity.checksum?.algorithm ?? integrity.algorithm;
  // Of a full-object checksum the parts' values are optional; of a composite one they are what it is made of.
  if (sent === undefined && wanted.type === "FULL_OBJECT")
    return { ...integrity, algorithm: wanted.algorithm };
  if (sent !== wanted.algorithm) checksumTypeMismatch(wanted.algorithm, sent);
  return integrity;
}

export function checksumTypeMismatch(
  expected: ChecksumAlgorithm,
  actual: ChecksumAlgorithm | undefined,
): never {
  fail(
    "InvalidRequest",
    `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()}, actual checksum Type: ${(actual ?? "null").toLowerCase()}`,
  );
}

export class PartDigests {
  readonly #digests: StreamDigests;
  readonly #extra: Hasher | undefined;
  #extraValue: Uint8Array | undefined;

  constructor(upload: UploadRecord, integrity: Integrity) {
    this.#digests = new StreamDigests(integrity, upload.mode === "SSE-S3", "base64");
    const needsDefault = upload.checksum === undefined && keptAlgorithm(integrity) !== DEFAULT_ALGORITHM;
    this.#extra = needsDefault ? startChecksum(DEFAULT_ALGORITHM) : undefined;
  }

  /** Ends only if the digests hold. */
  async *observe(
    source: AsyncIterable<Uint8Array>,
    trailers: () => ReadonlyMap<string, string>,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#digests.observe(source, trailers)) {
      this.#extra?.update(chunk);
      yield chunk;
    }
    this.#extraValue = this.#extra?.digest();
  }

  get md5(): Uint8Array | undefined {
    return this.#digests.result.md5;
  }

  /** The one that answers show: the client's, the upload's, or CRC64NVME. */
  get shown(): Checksum {
    return this.#digests.result.checksum;
  }

  /** All that the part keeps. */
  get kept(): readonly Checksum[] {
    if (this.#extra === undefined) return [this.shown];
    assert(this.#extraValue !== undefined, "digests are read after the body's end");
    return [{ algorithm: DEFAULT_ALGORITHM, value: this.#extraValue }, this.shown];
  }
}
