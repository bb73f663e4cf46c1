/** Parameters that the listings share. */
import { failArgument } from "../../../base/errors.ts";
import { LIST_KEYS_MAX } from "../../../base/limits.ts";
import type { S3Request } from "../request.ts";

const INT_MAX = 2_147_483_647;

/** `max-keys` and its kin: absent or empty is the limit, larger values are cut to it. */
export function maxOf(req: S3Request, parameter: string, limit = LIST_KEYS_MAX): number {
  const text = req.parameter(parameter);
  if (text === undefined) return limit;
  if (!/^-?[0-9]{1,12}$/.test(text) || Math.abs(Number(text)) > INT_MAX) {
    failArgument(`Provided ${parameter} not an integer or within integer range`, parameter, text);
  }
  const max = Number(text);
  if (max < 0)
    failArgument(
      `Argument ${camel(parameter)} must be an integer between 0 and ${INT_MAX}`,
      camel(parameter),
      text,
    );
  return Math.min(max, limit);
}
const camel = (name: string): string => name.replace(/-([a-z])/g, (_, c: string) => c.toUpperCase());

/** How names are written in the answer: as they are, or percent-encoded (`encoding-type=url`). */
export type EncodeName = (name: string) => string;
export interface Encoding {
  readonly encode: EncodeName;
  /** For the EncodingType element; absent if none was asked for. */
  readonly type?: "url";
}

const PLAIN: Encoding = { encode: (name) => name };
const URL_ENCODED: Encoding = { encode: encodeName, type: "url" };

export function encodingOf(req: S3Request): Encoding {
  // Unlike other parameters, an empty one is refused.
  const text = req.query.get("encoding-type");
  if (text === undefined) return PLAIN;
  if (text !== "url") failArgument("Invalid Encoding Method specified in Request", "encoding-type", text);
  return URL_ENCODED;
}

const SAFE = /^[A-Za-z0-9_.~/-]*$/;
/** Everything but unreserved characters and `/`, byte by byte, a space as %20: what clients decode in every language. */
function encodeName(name: string): string {
  if (SAFE.test(name)) return name;
  return encodeURIComponent(name)
    .replaceAll("%2F", "/")
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * A marker that lies within a common prefix has shown that prefix already: the whole group is skipped. That is how pages
 * by marker (as opposed to start-after) go on in S3.
 */
export function afterMarker(
  marker: string,
  prefix: string,
  delimiter: string,
): { readonly after: string; readonly afterIsGroup: boolean } {
  if (delimiter === "" || !marker.startsWith(prefix)) return { after: marker, afterIsGroup: false };
  const at = marker.indexOf(delimiter, prefix.length);
  if (at < 0) return { after: marker, afterIsGroup: false };
  return { after: marker.slice(0, at + delimiter.length), afterIsGroup: true };
}
