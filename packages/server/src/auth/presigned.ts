/**
 * Query authentication (spec access 1.6): the claim of a presigned URL, and the parameters that SDKs hoist out of the
 * headers: `x-amz-*`, `if-match` and `if-none-match`. Names compare without regard to case; a name given twice is refused,
 * since two readers of the URL could disagree about which one counts.
 */
import { fail } from "../base/errors.ts";
import { PRESIGNED_SECONDS_MAX } from "../base/limits.ts";
import { refuse } from "./auth-failure.ts";
import { type Claim, parseCredential, parseSignedHeaders } from "./authorization.ts";
import type { HeaderView } from "./headers.ts";
import type { Query } from "./query.ts";
import { ALGORITHM } from "./sigv4.ts";
import { parseTimestamp, type Timestamp } from "./timestamp.ts";

export interface PresignedClaim extends Claim {
  readonly timestamp: Timestamp;
  readonly expiresSeconds: number;
  readonly sessionToken: string | undefined;
  /** The parameter that carries the signature, spelled as received. */
  readonly signatureParameter: string;
  /** Hoisted headers by lower-case name. Signed, as all of the query is. */
  readonly hoisted: ReadonlyMap<string, string>;
}

/** S3 takes these from the query as it takes `x-amz-*` (localstack's recorded test_pre_signed_url_if_none_match). */
const CONDITIONS = new Set(["if-match", "if-none-match"]);
/** What makes up the claim itself; every other `x-amz-*` parameter stands for a header. */
const CLAIM = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-expires",
  "x-amz-signedheaders",
  "x-amz-signature",
  "x-amz-security-token",
]);
/** S3 ignores the encryption context here (spec s3-encryption A.5): the object is stored without it. */
const IGNORED = "x-amz-server-side-encryption-context";
/** A customer key in a URL has leaked already: proxies, logs and browser histories keep URLs. */
const NEVER_IN_A_URL = new Set([
  "x-amz-server-side-encryption-customer-key",
  "x-amz-copy-source-server-side-encryption-customer-key",
]);

interface HeaderParameters {
  readonly values: ReadonlyMap<string, string>;
  readonly signatureParameter: string;
  readonly repeated: string | undefined;
}

/** Undefined if the query carries no SigV4 claim, not even a part of one. */
export function presignedParameters(query: Query): HeaderParameters | undefined {
  if (query.size === 0) return undefined;
  const values = new Map<string, string>();
  let signatureParameter = "";
  let repeated: string | undefined;
  for (const [name, value] of query.entries()) {
    if (name.length < 7) continue;
    const lower = name.toLowerCase();
    if (!lower.startsWith("x-amz-") && !CONDITIONS.has(lower)) continue;
    if (values.has(lower)) repeated = name;
    values.set(lower, value);
    if (lower === "x-amz-signature") signatureParameter = name;
  }
  const claimed =
    values.has("x-amz-algorithm") || values.has("x-amz-signature") || values.has("x-amz-credential");
  return claimed ? { values, signatureParameter, repeated } : undefined;
}

export function parsePresigned({ values, signatureParameter, repeated }: HeaderParameters): PresignedClaim {
  const malformed = (detail: string, service?: string): never =>
    refuse({ kind: "malformed", place: "query", detail }, service);
  const algorithm = values.get("x-amz-algorithm");
  const credential = values.get("x-amz-credential");
  const date = values.get("x-amz-date");
  const expires = values.get("x-amz-expires");
  const signedHeaders = values.get("x-amz-signedheaders");
  const signature = values.get("x-amz-signature");
  if (algorithm === "AWS4-ECDSA-P256-SHA256") refuse({ kind: "unsupported-mechanism" });
  if (!algorithm || !credential || !date || !expires || !signedHeaders || !signature) {
    return refuse({ kind: "missing-parameters" });
  }
  if (repeated !== undefined) return malformed(`the parameter ${repeated} was given more than once`);
  if (algorithm !== ALGORITHM) return malformed(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  const { accessKeyId, scope } = parseCredential(credential, "query");
  const names = parseSignedHeaders(signedHeaders);
  if (names === undefined)
    return malformed("X-Amz-SignedHeaders must be a list of header names with host", scope.service);
  const timestamp = parseTimestamp(date);
  if (timestamp === undefined)
    return malformed(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`, scope.service);
  const expiresSeconds = parseExpires(expires, (detail) => malformed(detail, scope.service));
  return {
    accessKeyId,
    scope,
    signedHeaders: names,
    signature,
    timestamp,
    expiresSeconds,
    sessionToken: values.get("x-amz-security-token"),
    signatureParameter,
    hoisted: hoistedHeaders(values),
  };
}

function parseExpires(text: string, malformed: (detail: string) => never): number {
  if (!/^-?[0-9]+$/.test(text)) return malformed("X-Amz-Expires should be a number");
  const seconds = Number(text);
  if (seconds < 0) return malformed("X-Amz-Expires must be non-negative");
  if (seconds > PRESIGNED_SECONDS_MAX) {
    return malformed(
      "X-Amz-Expires must be less than a week (in seconds) that is, the given X-Amz-Expires must be less than 604800",
    );
  }
  if (seconds === 0) return malformed("X-Amz-Expires must be at least one second");
  return seconds;
}

function hoistedHeaders(values: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const hoisted = new Map<string, string>();
  for (const [name, value] of values) {
    if (CLAIM.has(name) || name === IGNORED) continue;
    // A header value has one character per byte; a query value is text. White space around it is no part of a condition.
    const text = CONDITIONS.has(name) ? value.trim() : value;
    hoisted.set(name, Buffer.from(text, "utf8").toString("latin1"));
  }
  return hoisted;
}

/**
 * Headers as the request means them once its signature holds: hoisted parameters and headers together. Both with
 * different values: the signer has contradicted himself, and neither reading is safe.
 */
export function effectiveHeaders(headers: HeaderView, hoisted: ReadonlyMap<string, string>): HeaderView {
  for (const [name, value] of hoisted) {
    if (NEVER_IN_A_URL.has(name)) fail("InvalidRequest", "A customer key must be sent as a header.");
    const header = headers.get(name);
    if (header !== undefined && header !== value) {
      fail("InvalidRequest", `The header and the query parameter ${name} have different values.`);
    }
  }
  return headers.withDefaults(hoisted);
}
