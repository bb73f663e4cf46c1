/** Sums over the parts of a Complete, in their order: the ETag, and the object's checksum out of theirs. No part is read again. */
import { type Checksum, openPartChecksums } from "@strongroom/crypto";
import { assert, IntegrityError } from "../../base/errors.ts";
import type { ChecksumAlgorithm, ChecksumType } from "../api.ts";
import { startChecksum } from "../checksum/algorithms.ts";
import { combineCrc } from "../checksum/combine.ts";
import { asIntegrity } from "../content/open.ts";
import type { PartRecord } from "./part-record.ts";
import type { OpenUpload } from "./upload-deks.ts";

/** K.2: the MD5 of the parts' ETags, in every mode. */
export class EtagSum {
  readonly #md5 = startChecksum("MD5");
  add(part: PartRecord): void {
    this.#md5.update(part.etag);
  }
  digest(): Uint8Array {
    return this.#md5.digest();
  }
}

export class ChecksumSum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  readonly #composite: ReturnType<typeof startChecksum> | undefined;
  #whole: Uint8Array | undefined;

  constructor(checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType }) {
    this.algorithm = checksum.algorithm;
    this.type = checksum.type;
    this.#composite = checksum.type === "COMPOSITE" ? startChecksum(checksum.algorithm) : undefined;
  }

  add(checksums: readonly Checksum[], bytes: number): void {
    const value = checksums.find(({ algorithm }) => algorithm === this.algorithm)?.value;
    if (value === undefined) throw new IntegrityError("a part without its upload's checksum");
    if (this.#composite !== undefined) this.#composite.update(value);
    else if (this.#whole === undefined) this.#whole = value;
    else this.#whole = combineCrc(this.algorithm, this.#whole, value, bytes);
  }

  digest(): Uint8Array {
    const value = this.#composite?.digest() ?? this.#whole;
    assert(value !== undefined, "a completed upload has parts");
    return value;
  }
}

/** Throws IntegrityError where they don't open: another upload's part, or another attempt's, has another key. */
export function checksumsOfPart(opened: Pick<OpenUpload, "deks">, part: PartRecord): readonly Checksum[] {
  try {
    return openPartChecksums(opened.deks[0], part.commitments[0], part.sealedChecksums);
  } catch (error) {
    throw asIntegrity(error);
  }
}
