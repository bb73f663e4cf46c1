/**
 * Who signed this request? The order of checks is the contract's (spec access 1.8): claim -> scope -> access key ->
 * token -> region and service -> time -> signature -> unsigned headers. Nothing about buckets or keys is known here.
 */
import { hash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { fail, failArgument } from "../base/errors.ts";
import { type CredentialPlace, refuse } from "./auth-failure.ts";
import { type Claim, parseAuthorization } from "./authorization.ts";
import {
  checkScope,
  checkTime,
  findCredential,
  type ServiceRule,
  unsignedAmzHeaders,
} from "./claim-checks.ts";
import type { Credential, CredentialLookup } from "./credentials.ts";
import type { HeaderView } from "./headers.ts";
import { checkContentSha256, hasBody, type PayloadMode, payloadMode } from "./payload-mode.ts";
import { effectiveHeaders, parsePresigned, type PresignedClaim, presignedParameters } from "./presigned.ts";
import type { RawRequest } from "./raw-request.ts";
import { redactCanonical } from "./redact.ts";
import { sameSignature, scopeText, type SigningKey, type SigningKeyCache } from "./signing-key.ts";
import { ALGORITHM, canonicalRequest, ChunkChain, stringToSign } from "./sigv4.ts";
import { parseDateHeader, parseTimestamp, type Timestamp } from "./timestamp.ts";

export interface AuthDeps<P> {
  readonly clock: Clock;
  readonly lookup: CredentialLookup<P>;
  readonly services: ReadonlyMap<string, ServiceRule>;
  readonly signingKeys: SigningKeyCache;
  /** Host values that a proxy in front may have rewritten: tried in turn when the received one does not verify. */
  readonly trustedHosts: readonly string[];
  /** Told of each verified signature: must return at once and never throw. */
  readonly noteUse?: (accessKeyId: string, service: string, region: string) => void;
}

export interface Signed<P> {
  readonly kind: "signed";
  readonly how: "header" | "presigned";
  readonly accessKeyId: string;
  readonly credential: Credential<P>;
  readonly service: string;
  readonly region: string;
  readonly timestampMs: number;
  readonly signedHeaders: readonly string[];
  /** The host that was signed, where that is not the received one but a trusted one in its place. */
  readonly signedHost: string | undefined;
  readonly signatureAgeMs: number;
  /** Presigned only. */
  readonly expiresAtMs?: number;
  /** Headers as the request means them, hoisted parameters included. Use these, not the raw ones. */
  readonly headers: HeaderView;
  /** Literal payload hash of the canonical request: the value of s3:x-amz-content-sha256. */
  readonly contentSha256: string;
  readonly payload: PayloadMode;
}

export interface Anonymous {
  readonly kind: "anonymous";
  readonly headers: HeaderView;
  readonly payload: PayloadMode;
}

export type AuthResult<P> = Anonymous | Signed<P>;

/** The whole body of a small request, within the caller's limit; called for services other than S3 only. */
export type ReadBody = () => Promise<Uint8Array>;

/** A claim of either form, made alike. */
interface Presented {
  readonly claim: Claim;
  readonly presigned: PresignedClaim | undefined;
  readonly timestamp: Timestamp;
  readonly sessionToken: string | undefined;
  readonly contentSha256: string | undefined;
}

/**
 * Throws AuthFailure, or a ServiceError for what S3 alone knows. At once where nobody has to be waited for: a request to S3
 * whose credential is at hand.
 */
export function authenticate<P>(
  request: RawRequest,
  deps: AuthDeps<P>,
  readBody: ReadBody,
): AuthResult<P> | Promise<AuthResult<P>> {
  const presented = readClaim(request);
  if (presented === undefined) return anonymous(request);
  const { accessKeyId, scope } = presented.claim;
  const found = findCredential(deps, accessKeyId, presented.sessionToken, scope.service);
  if (found instanceof Promise || scope.service !== "s3")
    return later(request, deps, presented, found, readBody);
  const nowMs = checkClaim(request, deps, presented);
  return verified(request, deps, presented, found, undefined, nowMs);
}

/** The same as a promise in every case. */
export async function authenticateLater<P>(
  request: RawRequest,
  deps: AuthDeps<P>,
  readBody: ReadBody,
): Promise<AuthResult<P>> {
  return authenticate(request, deps, readBody);
}

async function later<P>(
  request: RawRequest,
  deps: AuthDeps<P>,
  presented: Presented,
  found: Credential<P> | Promise<Credential<P>>,
  readBody: ReadBody,
): Promise<AuthResult<P>> {
  const credential = await found;
  const nowMs = checkClaim(request, deps, presented);
  const body = presented.claim.scope.service === "s3" ? undefined : await readBody();
  return verified(request, deps, presented, credential, body, nowMs);
}

/** What a claim must be before its signature is worth computing. Returns the time that it was held against. */
function checkClaim<P>(request: RawRequest, deps: AuthDeps<P>, presented: Presented): number {
  const { claim, presigned, timestamp } = presented;
  const { scope } = claim;
  const place: CredentialPlace = presigned === undefined ? "header" : "query";
  const rule = checkScope(deps.services, scope, place);
  const nowMs = deps.clock.now();
  checkTime(rule, scope.service, timestamp, presigned?.expiresSeconds, nowMs);
  if (presigned === undefined) return nowMs;
  const unsigned = unsignedAmzHeaders(request.headers, claim.signedHeaders, presigned.hoisted);
  if (unsigned.length > 0) refuse({ kind: "unsigned-headers", names: unsigned }, scope.service);
  return nowMs;
}

function verified<P>(
  request: RawRequest,
  deps: AuthDeps<P>,
  presented: Presented,
  credential: Credential<P>,
  body: Uint8Array | undefined,
  nowMs: number,
): Signed<P> {
  const { claim, presigned, timestamp } = presented;
  const { accessKeyId, scope } = claim;
  const contentSha256 =
    body === undefined ? (presented.contentSha256 ?? "UNSIGNED-PAYLOAD") : hash("sha256", body, "hex");
  const key = deps.signingKeys.get(accessKeyId, credential.version, credential.secret, scope);
  const signedHost = verifySignature(request, presented, contentSha256, key, deps.trustedHosts);
  if (presigned === undefined) {
    const unsigned = unsignedAmzHeaders(request.headers, claim.signedHeaders);
    if (unsigned.length > 0) refuse({ kind: "unsigned-headers", names: unsigned }, scope.service);
  }
  deps.noteUse?.(accessKeyId, scope.service, scope.region);

  const headers =
    presigned === undefined ? request.headers : effectiveHeaders(request.headers, presigned.hoisted);
  const payload: PayloadMode =
    body === undefined
      ? payloadMode(
          contentSha256,
          headers,
          () => new ChunkChain(accessKeyId, key, timestamp, scope, claim.signature),
        )
      : { kind: "buffered", body };
  if (body === undefined) checkTransport(request, contentSha256);
  return {
    kind: "signed",
    how: presigned === undefined ? "header" : "presigned",
    accessKeyId,
    credential,
    service: scope.service,
    region: scope.region,
    timestampMs: timestamp.ms,
    signedHeaders: claim.signedHeaders,
    signedHost,
    signatureAgeMs: nowMs - timestamp.ms,
    ...(presigned === undefined ? {} : { expiresAtMs: timestamp.ms + presigned.expiresSeconds * 1000 }),
    headers,
    contentSha256,
    payload,
  };
}

function readClaim(request: RawRequest): Presented | undefined {
  const { headers, query } = request;
  const authorization = headers.find("authorization");
  const parameters = presignedParameters(query);
  const v2 = query.size > 0 && (query.has("AWSAccessKeyId") || query.has("Signature"));
  if (Number(authorization !== undefined) + Number(parameters !== undefined) + Number(v2) > 1)
    refuse({ kind: "several-mechanisms" });
  if (v2) refuse({ kind: "unsupported-mechanism" });
  if (parameters !== undefined) return readPresigned(parsePresigned(parameters), headers);
  if (authorization === undefined) return undefined;
  checkAlgorithm(authorization);
  return readHeaderClaim(parseAuthorization(authorization), headers);
}

const SIGNED_BY = `${ALGORITHM} `;

function checkAlgorithm(authorization: string): void {
  if (authorization.startsWith(SIGNED_BY) || authorization === ALGORITHM) return;
  if (authorization.startsWith("AWS ") || authorization.startsWith("AWS4-ECDSA-P256-SHA256"))
    refuse({ kind: "unsupported-mechanism" });
  refuse({ kind: "unsupported-type", value: authorization.split(" ", 1)[0] ?? "" });
}

function readHeaderClaim(claim: Claim, headers: HeaderView): Presented {
  const { date, service } = claim.scope;
  const amzDate = headers.find("x-amz-date");
  const dateHeader = amzDate === undefined ? headers.find("date") : undefined;
  const timestamp = amzDate === undefined ? parseDateHeader(dateHeader ?? "") : parseTimestamp(amzDate);
  if (timestamp === undefined) return refuse({ kind: "missing-date" }, service);
  checkDay(date, timestamp, "header", service);
  const contentSha256 = headers.find("x-amz-content-sha256");
  if (service === "s3") {
    if (contentSha256 === undefined)
      return fail("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
    checkContentSha256(contentSha256);
  }
  const sessionToken = headers.find("x-amz-security-token");
  return { claim, presigned: undefined, timestamp, sessionToken, contentSha256 };
}

function readPresigned(claim: PresignedClaim, headers: HeaderView): Presented {
  const { date, service } = claim.scope;
  checkDay(date, claim.timestamp, "query", service);
  const contentSha256 = claim.hoisted.get("x-amz-content-sha256") ?? headers.get("x-amz-content-sha256");
  if (service === "s3" && contentSha256 !== undefined) checkContentSha256(contentSha256);
  const sessionToken = claim.sessionToken ?? headers.get("x-amz-security-token");
  return { claim, presigned: claim, timestamp: claim.timestamp, sessionToken, contentSha256 };
}

function checkDay(date: string, timestamp: Timestamp, place: CredentialPlace, service: string): void {
  if (timestamp.text.startsWith(date)) return;
  const detail = `Invalid credential date "${date}". This date is not the same as X-Amz-Date: "${timestamp.text.slice(0, 8)}".`;
  refuse({ kind: "malformed", place, detail }, service);
}

/** Returns the trusted host that was signed in place of the received one, if any. */
function verifySignature(
  request: RawRequest,
  { claim, presigned, timestamp, contentSha256: sent }: Presented,
  payloadHash: string,
  key: SigningKey,
  trustedHosts: readonly string[],
): string | undefined {
  const { accessKeyId, scope, signature, signedHeaders } = claim;
  const parts = {
    service: scope.service,
    signedHeaders,
    payloadHash,
    omitParameter: presigned?.signatureParameter,
  };
  const canonical = canonicalRequest(request, parts);
  const text = stringToSign(timestamp.text, scopeText(scope), canonical);
  // Outside S3 the hash is always computed; one that the client states as well must agree.
  const agrees = scope.service === "s3" || sent === undefined || sent === payloadHash;
  if (agrees && sameSignature(key.sign(text), signature)) return undefined;
  for (const host of agrees ? trustedHosts : []) {
    const forwarded = canonicalRequest(request, { ...parts, host });
    if (sameSignature(key.sign(stringToSign(timestamp.text, scopeText(scope), forwarded)), signature))
      return host;
  }
  return refuse(
    {
      kind: "mismatch",
      accessKeyId,
      signature,
      stringToSign: text,
      canonicalRequest: redactCanonical(canonical),
    },
    scope.service,
  );
}

/** A body that nothing protects on the way is refused on plain HTTP; TLS protects it, and so do signed chunks. */
function checkTransport(request: RawRequest, contentSha256: string): void {
  if (request.secure) return;
  const unsigned =
    contentSha256 === "UNSIGNED-PAYLOAD" || contentSha256 === "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  if (unsigned && hasBody(request.headers)) {
    failArgument(
      "An unsigned payload must be sent over a secure connection: use TLS, or see the setting --unsigned-over-plain-http.",
      "x-amz-content-sha256",
      contentSha256,
    );
  }
}

/** The body's own statement still holds for callers without a name: a hash is checked, framing is taken off. */
function anonymous(request: RawRequest): Anonymous {
  const contentSha256 = request.headers.get("x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD";
  checkContentSha256(contentSha256);
  checkTransport(request, contentSha256);
  return {
    kind: "anonymous",
    headers: request.headers,
    payload: payloadMode(contentSha256, request.headers, undefined),
  };
}
