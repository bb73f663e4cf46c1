/**
 * Goes through an upload's part rows beside the list of a Complete, and checks one against the other. Rows are read in
 * pieces; what is kept of each part is its manifest entry and its location, so that 10,000 parts are a few megabytes.
 */
import type { StreamEntry } from "@strongroom/crypto";
import { fail } from "../../base/errors.ts";
import { OBJECT_BYTES_MAX, STREAM_PAGE_ENTRIES } from "../../base/limits.ts";
import type { CompletePart, CompleteUploadInput } from "../api.ts";
import { base64, hex, type KeptChecksum } from "../content/build.ts";
import type { Location } from "../content/location.ts";
import { breathe } from "../listing/list-keys.ts";
import { after } from "../rows/row-keys.ts";
import type { UploadsCore } from "./find-upload.ts";
import { checksumTypeMismatch, DEFAULT_ALGORITHM } from "./part-digests.ts";
import { invalidPart } from "./part-list.ts";
import { partCodec, type PartRecord } from "./part-record.ts";
import { ChecksumSum, checksumsOfPart, EtagSum } from "./part-sums.ts";
import type { OpenUpload } from "./upload-deks.ts";
import { partNumberOf, type UploadUid } from "./upload-keys.ts";
import type { UploadRecord } from "./upload-record.ts";

export interface GatheredParts {
  readonly entries: readonly StreamEntry[];
  readonly locations: readonly Location[];
  readonly size: number;
  readonly etag: Uint8Array;
  /** Absent without the customer's key (form 2): it is combined from the parts' when it is asked for. */
  readonly checksum: KeptChecksum | undefined;
}

/** Throws InvalidPart, EntityTooSmall, EntityTooLarge, InvalidRequest, BadDigest. */
export async function gatherParts(
  uploads: UploadsCore,
  uid: UploadUid,
  upload: UploadRecord,
  opened: OpenUpload | undefined,
  input: CompleteUploadInput,
): Promise<GatheredParts> {
  const gathering = new Gathering(uploads, upload, opened, input);
  const { records } = uploads.core;
  const to = after(uid);
  let last: Uint8Array | undefined;
  for (let more = true; more && !gathering.done; ) {
    const page = await records.store.scan({
      table: "part",
      from: uid,
      ...(to === undefined ? {} : { to }),
      ...(last === undefined ? {} : { after: last }),
      limit: STREAM_PAGE_ENTRIES,
    });
    for (const row of page.rows) {
      // A part that the list leaves out is skipped unopened.
      const listed = gathering.take(partNumberOf(row.key));
      if (listed !== undefined) {
        gathering.add(listed, (await records.open(partCodec, "part", row, false)).value);
      }
    }
    last = page.rows.at(-1)?.key;
    more = page.more;
    await breathe();
  }
  return gathering.end();
}

class Gathering {
  readonly #uploads: UploadsCore;
  readonly #upload: UploadRecord;
  readonly #opened: OpenUpload | undefined;
  readonly #input: CompleteUploadInput;
  readonly #entries: StreamEntry[] = [];
  readonly #locations: Location[] = [];
  readonly #etag = new EtagSum();
  readonly #checksum: ChecksumSum;
  #next = 0;
  #size = 0;

  constructor(
    uploads: UploadsCore,
    upload: UploadRecord,
    opened: OpenUpload | undefined,
    input: CompleteUploadInput,
  ) {
    this.#uploads = uploads;
    this.#upload = upload;
    this.#opened = opened;
    this.#input = input;
    this.#checksum = new ChecksumSum(shownChecksumOf(upload));
  }

  get done(): boolean {
    return this.#next === this.#input.parts.length;
  }

  /** The list's entry for a stored part number; undefined if the list leaves it out. */
  take(partNumber: number): CompletePart | undefined {
    const listed = this.#input.parts[this.#next];
    if (listed === undefined || partNumber < listed.partNumber) return undefined;
    if (partNumber > listed.partNumber) invalidPart(this.#input.uploadId, listed);
    this.#next++;
    return listed;
  }

  add(listed: CompletePart, part: PartRecord): void {
    if (hex(part.etag) !== listed.etag.toLowerCase()) invalidPart(this.#input.uploadId, listed);
    const { partBytesMin } = this.#uploads.limits;
    if (!this.done && part.plaintextSize < partBytesMin) {
      fail("EntityTooSmall", {
        elements: {
          ProposedSize: String(part.plaintextSize),
          MinSizeAllowed: String(partBytesMin),
          PartNumber: String(listed.partNumber),
          ETag: listed.etag,
        },
      });
    }
    this.#addChecksums(listed, part);
    this.#etag.add(part);
    this.#size += part.plaintextSize;
    if (this.#size > OBJECT_BYTES_MAX) fail("EntityTooLarge");
    // Copies: what was opened is a view of the whole row.
    this.#entries.push({
      partNumber: listed.partNumber,
      plaintextSize: part.plaintextSize,
      commitments: part.commitments,
      sealedChecksums: part.sealedChecksums,
    });
    this.#locations.push(part.location);
  }

  #addChecksums(listed: CompletePart, part: PartRecord): void {
    const wanted = this.#upload.checksum;
    if (listed.checksum === undefined && wanted?.type === "COMPOSITE") {
      fail(
        "InvalidRequest",
        `The upload was created using a ${wanted.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${listed.partNumber} in the request.`,
      );
    }
    if (this.#opened === undefined) {
      if (listed.checksum !== undefined) checksumsNeedKey();
      return;
    }
    const kept = checksumsOfPart(this.#opened, part);
    this.#checksum.add(kept, part.plaintextSize);
    const claimed = listed.checksum;
    if (claimed === undefined) return;
    if (wanted !== undefined && claimed.algorithm !== wanted.algorithm) {
      checksumTypeMismatch(wanted.algorithm, claimed.algorithm);
    }
    const value = kept.find(({ algorithm }) => algorithm === claimed.algorithm)?.value;
    if (value === undefined || base64(value) !== claimed.value) invalidPart(this.#input.uploadId, listed);
  }

  end(): GatheredParts {
    const missing = this.#input.parts[this.#next];
    if (missing !== undefined) invalidPart(this.#input.uploadId, missing);
    const { objectSize } = this.#input;
    if (objectSize !== undefined && objectSize !== this.#size) {
      fail(
        "InvalidRequest",
        `The provided 'x-amz-mp-object-size' header value ${objectSize} does not match what was computed: ${this.#size}`,
      );
    }
    return {
      entries: this.#entries,
      locations: this.#locations,
      size: this.#size,
      etag: this.#etag.digest(),
      checksum: this.#checksumOfObject(),
    };
  }

  /**
   * Of an upload that named no algorithm S3 passes over a checksum of another one than it keeps: clients send that of the
   * request's body there.
   */
  #claimed(): CompleteUploadInput["checksum"] {
    const { checksum } = this.#input;
    const ofBody = this.#upload.checksum === undefined && checksum?.algorithm !== DEFAULT_ALGORITHM;
    return ofBody ? undefined : checksum;
  }

  #checksumOfObject(): KeptChecksum | undefined {
    const { algorithm, type } = this.#checksum;
    const claimed = this.#claimed();
    if (this.#opened === undefined) {
      if (claimed !== undefined) checksumsNeedKey();
      return undefined;
    }
    const value = this.#checksum.digest();
    if (claimed !== undefined) {
      if (claimed.algorithm !== algorithm) checksumTypeMismatch(algorithm, claimed.algorithm);
      // A composite value may come with the number of parts, or without.
      const suffix = type === "COMPOSITE" ? `-${this.#entries.length}` : "";
      const computed = base64(value);
      if (claimed.value !== computed && claimed.value !== computed + suffix) {
        fail("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`);
      }
    }
    return { algorithm, type, value };
  }
}

/** What the object will show: as asked for at Create, else CRC64NVME over all of it. */
export function shownChecksumOf(upload: UploadRecord): NonNullable<UploadRecord["checksum"]> {
  return upload.checksum ?? { algorithm: DEFAULT_ALGORITHM, type: "FULL_OBJECT" };
}

/** Sealed format section 4: without the customer's key nothing derived from the plaintext can be checked. */
function checksumsNeedKey(): never {
  fail(
    "InvalidRequest",
    "The checksums of a multipart upload with a customer provided key can only be checked with the key. Provide it, or leave the checksums out.",
  );
}
