/** Range arithmetic (spec section 8): from plaintext bytes asked to stored bytes fetched. No I/O, no cipher. */
import { fail } from "../errors.ts";
import { TAG_BYTES } from "../suites.ts";

/** A plaintext range: inclusive; `last` absent = to the end. Or the last `suffix` bytes. */
export type PlainRange =
  | { readonly first: number; readonly last: number | undefined }
  | { readonly suffix: number };

const RANGE = /^bytes=([0-9]*)-([0-9]*)$/;

export function parseRange(header: string): PlainRange {
  const match = RANGE.exec(header.trim());
  const [from = "", to = ""] = match === null ? [] : [match[1], match[2]];
  if (from === "" && to === "") fail("InvalidRange");
  const numbers = [Number(from), Number(to)];
  // 2^63-1 is what Java clients send for "to the end".
  const [first = 0, last = 0] = numbers.map((n) => Math.min(n, Number.MAX_SAFE_INTEGER));
  if (from === "") return last === 0 ? fail("RangeNotSatisfiable") : { suffix: last };
  if (to === "") return { first, last: undefined };
  return last < first ? fail("InvalidRange", "inverted") : { first, last };
}

/**
 * The stored bytes to ask for. GCM needs the start of the first block; CBC one block more, which is its vector, and the
 * rest of the last block. The tag of GCM is where S3 clamps it off, after Content-Range told the total.
 */
export function storedRange(first: number, last: number | undefined, mayBeCbc: boolean): string {
  const aligned = first - (first % 16);
  const from = mayBeCbc ? Math.max(0, aligned - 16) : aligned;
  if (last === undefined || last >= Number.MAX_SAFE_INTEGER - 16) return `bytes=${from}-`;
  return `bytes=${from}-${mayBeCbc ? last - (last % 16) + 15 : last}`;
}

export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly total: number;
}

export function parseContentRange(header: string | undefined): ContentRange | undefined {
  const match = /^bytes ([0-9]+)-([0-9]+)\/([0-9]+)$/.exec(header ?? "");
  if (match === null) return undefined;
  const [first = 0, last = 0, total = 0] = match.slice(1).map(Number);
  return first <= last && last < total ? { first, last, total } : undefined;
}

export function plainSizeOfGcm(storedSize: number): number {
  return Math.max(0, storedSize - TAG_BYTES);
}
