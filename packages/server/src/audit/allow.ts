/**
 * Takes over what an operation's allow-list names, and nothing else, so that no secret can slip in under a name nobody
 * thought of. Names become lower camel case, as CloudTrail writes them; long values are left out with their size.
 */
import { TRAIL_FIELD_CHARS_MAX } from "../base/limits.ts";

const DEPTH_MAX = 8;
type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export const lowerCamel = (name: string): string =>
  name === "AWSAccountId" ? name : name.charAt(0).toLowerCase() + name.slice(1);

/** JSON text of the members named, or `null` if the body is no object or has none of them. */
export function allowed(body: unknown, names: readonly string[]): string {
  if (typeof body !== "object" || body === null) return "null";
  const found: string[] = [];
  for (const name of names) {
    if (!Object.hasOwn(body, name)) continue;
    const value: unknown = Reflect.get(body, name);
    const text = jsonOf(value);
    if (text !== undefined) found.push(`${JSON.stringify(lowerCamel(name))}:${text}`);
  }
  return found.length === 0 ? "null" : `{${found.join(",")}}`;
}

/** Undefined for what is no JSON. */
export function jsonOf(value: unknown): string | undefined {
  const json = plain(value, 0);
  if (json === undefined) return undefined;
  const text = JSON.stringify(json);
  return text.length > TRAIL_FIELD_CHARS_MAX ? JSON.stringify(`(${text.length} characters)`) : text;
}

/** Only the shapes that API models know: bytes and class instances (keys among them) are nothing to write down. */
function plain(value: unknown, depth: number): Json | undefined {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "object" || depth > DEPTH_MAX) return undefined;
  if (Array.isArray(value)) return value.map((one: unknown) => plain(one, depth + 1) ?? null);
  if (value instanceof Map) return plain(Object.fromEntries(value.entries()), depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const members = Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const json = plain(member, depth + 1);
    return json === undefined ? [] : [[name, json] as const];
  });
  // Defines members rather than assigning them: a member may be called __proto__.
  return Object.fromEntries(members);
}

/**
 * Codes whose text is made of ids, ARNs and states only. Other texts may quote the request (a validation error quotes
 * the value), so of those the code alone is kept.
 */
const TEXTS_KEPT = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "AllAccessDisabled",
  "AlreadyExistsException",
  "BucketAlreadyExists",
  "BucketAlreadyOwnedByYou",
  "BucketNotEmpty",
  "DeleteConflict",
  "DisabledException",
  "EntityAlreadyExists",
  "InvalidAccessKeyId",
  "KMS.DisabledException",
  "KMS.KMSInvalidStateException",
  "KMS.NotFoundException",
  "KMSInvalidStateException",
  "NoSuchBucket",
  "NoSuchEntity",
  "NoSuchKey",
  "NoSuchVersion",
  "NotFoundException",
]);

export const keptMessage = (code: string, message: string): string | undefined =>
  TEXTS_KEPT.has(code) ? message : undefined;

/** Authorisation failures have one name in the trail, whatever the service calls them. */
export const errorCodeOf = (code: string): string =>
  code === "AccessDeniedException" ? "AccessDenied" : code;
