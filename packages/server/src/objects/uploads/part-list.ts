/** The list of a Complete: its order, and the digest by which a repeated Complete is known. */
import { Writer } from "@strongroom/crypto";
import { fail } from "../../base/errors.ts";
import { PARTS_MAX } from "../../base/limits.ts";
import type { CompletePart, CompleteUploadInput } from "../api.ts";
import { checksumOf } from "../checksum/algorithms.ts";

export function checkOrder({ uploadId, parts }: CompleteUploadInput): void {
  if (parts.length > PARTS_MAX) fail("MalformedXML");
  let last = 0;
  for (const { partNumber } of parts) {
    if (partNumber <= last) fail("InvalidPartOrder", { elements: { UploadId: uploadId } });
    last = partNumber;
  }
}

/** Over everything that says what object comes out; preconditions say only whether. */
export function listDigest(input: CompleteUploadInput): Uint8Array {
  const out = new Writer(64 + input.parts.length * 48).u32(input.parts.length);
  for (const { partNumber, etag, checksum } of input.parts) {
    out.u32(partNumber).lpText(etag);
    out.lpText(checksum?.algorithm ?? "").lpText(checksum?.value ?? "");
  }
  out.lpText(input.checksum?.algorithm ?? "").lpText(input.checksum?.value ?? "");
  return new Uint8Array(checksumOf("SHA256", out.done()));
}

export function invalidPart(uploadId: string, part: CompletePart): never {
  fail("InvalidPart", {
    elements: { UploadId: uploadId, PartNumber: String(part.partNumber), ETag: part.etag },
  });
}
