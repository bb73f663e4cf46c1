/**
 * A request as it came off the wire. Paths are never normalised: `a//b`, `a/../b` and `.` are keys like any other, and
 * the signature covers what was sent (spec access 1.2). `URL` must not touch a target.
 */
import { fail } from "../base/errors.ts";
import type { HeaderView } from "./headers.ts";
import { canonicalPath, decodeCanonical } from "./percent.ts";
import { Query } from "./query.ts";

export interface RawRequest {
  readonly method: string;
  /** Path as received, from the first `/` to the `?`; never empty. */
  readonly rawPath: string;
  /** The path encoded once, as S3 signs it. */
  readonly canonicalPath: string;
  /** The path decoded once: well-formed UTF-8, slashes and dots as sent. */
  readonly path: string;
  readonly query: Query;
  /** Query as received, without the `?`. */
  readonly rawQuery: string;
  readonly headers: HeaderView;
  /** The connection is TLS, or may carry bodies that no signature covers by the operator's setting. */
  readonly secure: boolean;
}

/** A target in absolute form (RFC 9112 section 3.2.2), as a client of a forward proxy sends it. */
const ABSOLUTE = /^https?:\/\/[^/?]*/i;

/**
 * `target` as Node's `request.url` gives it, one character per byte. Throws InvalidURI for bad escapes, for bytes that are
 * not UTF-8 and for a target that is no path.
 */
export function readRequest(
  method: string,
  target: string,
  headers: HeaderView,
  secure: boolean,
): RawRequest {
  const relative = target.startsWith("/") ? target : target.replace(ABSOLUTE, "");
  const mark = relative.indexOf("?");
  const rawPath = (mark < 0 ? relative : relative.slice(0, mark)) || "/";
  if (!rawPath.startsWith("/") && rawPath !== "*") fail("InvalidURI");
  const rawQuery = mark < 0 ? "" : relative.slice(mark + 1);
  const canonical = canonicalPath(rawPath);
  return {
    method,
    rawPath,
    canonicalPath: canonical,
    path: decodeCanonical(canonical),
    query: Query.parse(rawQuery),
    rawQuery,
    headers,
    secure,
  };
}
