/** Byte ranges of a read (RFC 9110 section 14), as S3 applies them. Plaintext bytes [from, to). */
import { fail } from "../base/errors.ts";
import type { RangeRequest } from "./api.ts";

export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Throws InvalidRange where the range has no byte of the object. */
export function resolveRange(range: RangeRequest, size: number): ByteRange {
  if (range.kind === "suffix") {
    if (range.bytes === 0 || size === 0) unsatisfiable(`bytes=-${range.bytes}`, size);
    return { from: Math.max(0, size - range.bytes), to: size };
  }
  const { from, to } = range;
  if (from >= size) unsatisfiable(`bytes=${from}-${to ?? ""}`, size);
  return { from, to: to === undefined ? size : Math.min(to + 1, size) };
}

function unsatisfiable(requested: string, size: number): never {
  fail("InvalidRange", {
    elements: { ActualObjectSize: String(size), RangeRequested: requested },
    headers: { "Content-Range": `bytes */${size}` },
  });
}

/** 416 for a part that the object does not have; an object that is not multipart has one part. */
export function invalidPartNumber(requested: number, actual: number): never {
  fail("InvalidPartNumber", {
    elements: { ActualPartCount: String(actual), PartNumberRequested: String(requested) },
  });
}
