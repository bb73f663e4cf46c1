/**
 * Headers that are stored with an object: content headers and user metadata, and headers that this store refuses because
 * it could not honour them. Values are one character per byte and are kept as they came.
 */
import { storedContentEncoding } from "../../../auth/payload-mode.ts";
import { fail, failArgument, failHeader } from "../../../base/errors.ts";
import { CONTENT_HEADERS_BYTES_MAX, USER_METADATA_BYTES_MAX } from "../../../base/limits.ts";
import type { ContentHeaders, UserMetadata } from "../../../objects/api.ts";
import type { S3Request } from "../request.ts";

const REDIRECT = "x-amz-website-redirect-location";
const REDIRECT_TARGET = /^(?:https?:\/\/|\/)/i;
const CONTENT = [
  "content-type",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
  REDIRECT,
] as const;
const META = "x-amz-meta-";
/**
 * What a socket can carry back (RFC 9110 section 5). Headers arrive like that; fields of forms and parameters of presigned
 * URLs need not, and what can't be sent again must not be stored.
 */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Anything else comes back as encoded words (show/metadata.ts). */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const LINE_END = /[\0\r\n]/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

function cannotBeHeader(name: string): never {
  fail("InvalidArgument", {
    message: "Header value cannot be represented using ISO-8859-1.",
    elements: { ArgumentName: name },
  });
}

const DEFAULT_TYPE = "binary/octet-stream";

/** Throws MetadataTooLarge beyond what clients take back in the head of an answer. */
export function contentHeadersOf(req: S3Request): ContentHeaders {
  const found: (readonly [string, string])[] = [];
  let bytes = 0;
  for (const name of CONTENT) {
    const sent = req.header(name);
    const value = name === "content-encoding" ? storedContentEncoding(sent) : sent;
    if (value !== undefined && value !== "") {
      if (!HEADER_VALUE.test(value)) cannotBeHeader(name);
      if (name === REDIRECT && !REDIRECT_TARGET.test(value)) fail("InvalidRedirectLocation");
      bytes += name.length + value.length;
      found.push([name, value]);
    } else if (name === "content-type") found.push([name, DEFAULT_TYPE]);
  }
  if (bytes > CONTENT_HEADERS_BYTES_MAX) tooLarge(bytes, CONTENT_HEADERS_BYTES_MAX);
  return found;
}

/** Throws MetadataTooLarge beyond 2 KiB of names and values. */
export function userMetadataOf(req: S3Request): UserMetadata {
  const found: (readonly [string, string])[] = [];
  let bytes = 0;
  for (const [name, value] of req.headers.entries()) {
    if (!name.startsWith(META)) continue;
    const short = name.slice(META.length);
    if (!TOKEN.test(short) || LINE_END.test(value)) cannotBeHeader(name);
    bytes += short.length + value.length;
    found.push([short, value]);
  }
  if (bytes > USER_METADATA_BYTES_MAX) tooLarge(bytes, USER_METADATA_BYTES_MAX);
  return found;
}

function tooLarge(size: number, max: number): never {
  fail("MetadataTooLarge", { elements: { Size: String(size), MaxSizeAllowed: String(max) } });
}

/** Owner-full-control means what is the case anyway; every other ACL would be a promise that nobody keeps. */
const ACLS_THAT_CHANGE_NOTHING = new Set(["private", "bucket-owner-full-control"]);
/**
 * Headers of S3 whose effect this store does not have. x-amz-bypass-governance-retention is not among them: where nothing
 * can be retained there is nothing to bypass. S3 refuses it there, but clients that clean up send it to any bucket.
 */
const NOT_HONOURED = new Set([
  "x-amz-object-lock-mode",
  "x-amz-object-lock-retain-until-date",
  "x-amz-object-lock-legal-hold",
  "x-amz-write-offset-bytes",
  // Of directory buckets.
  "x-amz-if-match-last-modified-time",
  "x-amz-if-match-size",
  "x-amz-if-match-initiated-time",
  "x-amz-object-annotation-directive",
]);
const ENCRYPTION = "x-amz-server-side-encryption";
const ENCRYPTION_KNOWN = new Set([
  ENCRYPTION,
  `${ENCRYPTION}-aws-kms-key-id`,
  `${ENCRYPTION}-context`,
  `${ENCRYPTION}-bucket-key-enabled`,
  `${ENCRYPTION}-customer-algorithm`,
  `${ENCRYPTION}-customer-key`,
  `${ENCRYPTION}-customer-key-md5`,
]);

/** A header that is not honoured is an error, never a silence (on every write). */
export function refuseUnhonoured(req: S3Request): void {
  for (const [name, value] of req.headers.entries()) {
    if (!name.startsWith("x-amz-")) continue;
    if (NOT_HONOURED.has(name)) notHonoured(name);
    if (name.startsWith("x-amz-grant-")) fail("AccessControlListNotSupported");
    if (name === "x-amz-acl" && !ACLS_THAT_CHANGE_NOTHING.has(value)) fail("AccessControlListNotSupported");
    if (name === "x-amz-storage-class" && value !== "STANDARD") {
      fail("InvalidStorageClass", { elements: { StorageClassRequested: value } });
    }
    if (name.startsWith(ENCRYPTION) && !ENCRYPTION_KNOWN.has(name)) {
      failArgument(`${name} is not a known encryption header.`, name, value);
    }
  }
  const acl = req.header("acl");
  if (acl !== undefined && !ACLS_THAT_CHANGE_NOTHING.has(acl)) fail("AccessControlListNotSupported");
}

function notHonoured(name: string): never {
  if (name.includes("object-lock")) {
    fail("InvalidRequest", "Bucket is missing Object Lock Configuration");
  }
  failHeader(name);
}
