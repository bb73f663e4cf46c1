/** Conditional headers (RFC 9110 section 13) and the byte range. What is malformed is ignored, as HTTP and S3 have it. */
import { failArgument, failHeader } from "../../../base/errors.ts";
import { PARTS_MAX } from "../../../base/limits.ts";
import type { IfRange, RangeRequest, ReadConditions, WriteConditions } from "../../../objects/api.ts";
import type { S3Request } from "../request.ts";

/** Entity tags without quotes and without `W/`; `*` stands for itself. */
function etags(text: string | undefined): readonly string[] | undefined {
  return text
    ?.split(",")
    .map((one) => unquote(one.trim()))
    .filter((one) => one !== "");
}
/** S3 takes an entity tag that lost one of its quotes, or both. */
export function unquote(text: string): string {
  return (text.startsWith("W/") ? text.slice(2) : text).replace(/^"/, "").replace(/"$/, "");
}

function httpDate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** `prefix` is "" for the object itself, "x-amz-copy-source-" for the source of a copy. */
export function readConditionsOf(req: S3Request, prefix = ""): ReadConditions {
  const { headers } = req;
  return {
    ifMatch: etags(headers.find(`${prefix}if-match`)),
    ifNoneMatch: etags(headers.find(`${prefix}if-none-match`)),
    ifModifiedSinceMs: httpDate(headers.find(`${prefix}if-modified-since`)),
    ifUnmodifiedSinceMs: httpDate(headers.find(`${prefix}if-unmodified-since`)),
  };
}

/** RFC 9110 section 13.1.5: one strong entity tag or a date. What is neither never holds. */
export function ifRangeOf(req: S3Request): IfRange | undefined {
  const text = req.header("if-range");
  if (text === undefined) return undefined;
  const value = text.trim();
  if (value.startsWith("W/")) return {};
  const ms = value.startsWith('"') ? undefined : httpDate(value);
  return ms === undefined ? { etag: unquote(value) } : { lastModifiedMs: ms };
}

/** S3 honours If-None-Match: * and If-Match: etag on writes, and nothing else. */
export function writeConditionsOf(req: S3Request): WriteConditions {
  const ifMatch = req.header("if-match");
  const ifNoneMatch = req.header("if-none-match");
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    failHeader("If-Match,If-None-Match", "Multiple conditional request headers present in the request");
  }
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") valueNotHonoured("If-None-Match");
  if (ifMatch === "*") valueNotHonoured("If-Match");
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: unquote(ifMatch.trim()) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
  };
}
function valueNotHonoured(header: string): never {
  failHeader(header, `We don't accept the provided value of ${header} header for this API`);
}

const RANGE = /^bytes=([0-9]*)-([0-9]*)$/;
/** Java clients send 2^63-1 for "to the end". */
const position = (digits: string): number => Math.min(Number(digits), Number.MAX_SAFE_INTEGER);

/** One range; several, other units and nonsense are ignored and the whole object is the answer. */
export function rangeOf(req: S3Request): RangeRequest | undefined {
  const text = req.header("range");
  if (text === undefined) return undefined;
  const match = RANGE.exec(text.trim());
  const first = match?.[1] ?? "";
  const last = match?.[2] ?? "";
  if (match === null || (first === "" && last === "")) return undefined;
  if (first === "") return { kind: "suffix", bytes: position(last) };
  const from = position(first);
  if (last === "") return { kind: "from-to", from, to: undefined };
  const to = position(last);
  return to < from ? undefined : { kind: "from-to", from, to };
}

export function partNumberOf(req: S3Request): number | undefined {
  const text = req.query.size === 0 ? undefined : req.query.get("partNumber");
  if (text === undefined) return undefined;
  const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > PARTS_MAX) {
    failArgument(`Part number must be an integer between 1 and ${PARTS_MAX}, inclusive`, "partNumber", text);
  }
  return number;
}
