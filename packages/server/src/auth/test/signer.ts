/** For tests: requests, signed with the code under test or left for others to sign, and what they are checked against. */
import { ServiceError } from "../../base/errors.ts";
import { AuthFailure } from "../auth-failure.ts";
import { authError } from "../auth-errors.ts";
import { type AuthDeps, type AuthResult, authenticate } from "../authenticate.ts";
import { serviceRules } from "../claim-checks.ts";
import type { Credential } from "../credentials.ts";
import { HeaderView } from "../headers.ts";
import { readRequest } from "../raw-request.ts";
import { type Scope, scopeText, SigningKeyCache, SigningSecret } from "../signing-key.ts";
import { ALGORITHM, canonicalRequest, EMPTY_SHA256, stringToSign } from "../sigv4.ts";
import { parseTimestamp } from "../timestamp.ts";

export const ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE";
export const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
export const TIMESTAMP = "20130524T000000Z";
export const NOW_MS: number = parseTimestamp(TIMESTAMP)?.ms ?? 0;
export const HOST = "examplebucket.s3.amazonaws.com";
export const SECRET_HANDLE: SigningSecret = SigningSecret.from(Buffer.from(SECRET));
export const SCOPE: Scope = { date: "20130524", region: "us-east-1", service: "s3" };

export const CREDENTIAL: Credential<string> = {
  accessKeyId: ACCESS_KEY_ID,
  secret: SECRET_HANDLE,
  version: "1",
  active: true,
  principal: "alice",
};

export function deps(over: Partial<AuthDeps<string>> = {}): AuthDeps<string> {
  return {
    clock: { now: () => NOW_MS },
    lookup: (id) => Promise.resolve(id === ACCESS_KEY_ID ? CREDENTIAL : undefined),
    services: serviceRules("us-east-1"),
    signingKeys: new SigningKeyCache(),
    trustedHosts: [],
    ...over,
  };
}

export interface Plan {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly scope?: Scope;
  readonly timestamp?: string;
  /** Names left out of SignedHeaders. */
  readonly unsigned?: readonly string[];
  readonly accessKeyId?: string;
}

/** Raw headers, with an Authorization made by the code under test. */
export function signHeaders(plan: Plan): string[] {
  const { method = "GET", target, scope = SCOPE, timestamp = TIMESTAMP } = plan;
  const headers: Record<string, string> = {
    host: HOST,
    ...(plan.headers?.date === undefined ? { "x-amz-date": timestamp } : {}),
    "x-amz-content-sha256": EMPTY_SHA256,
    ...plan.headers,
  };
  const raw = Object.entries(headers).flat();
  const signedHeaders = Object.keys(headers)
    .map((name) => name.toLowerCase())
    .filter((name) => !plan.unsigned?.includes(name))
    .sort();
  const payloadHash = headers["x-amz-content-sha256"] ?? EMPTY_SHA256;
  const canonical = canonicalRequest(readRequest(method, target, HeaderView.fromRaw(raw), true), {
    service: scope.service,
    signedHeaders,
    payloadHash,
  });
  const signature = SECRET_HANDLE.signingKey(scope).sign(
    stringToSign(timestamp, scopeText(scope), canonical),
  );
  raw.push(
    "Authorization",
    `${ALGORITHM} Credential=${plan.accessKeyId ?? ACCESS_KEY_ID}/${scopeText(scope)}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`,
  );
  return raw;
}

/** A presigned target for `target`, which may have a query already. */
export function presign(
  target: string,
  parameters: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = { host: HOST },
  method = "GET",
  signedHeaders: readonly string[] = Object.keys(headers).sort(),
): string {
  const all: Record<string, string> = {
    "X-Amz-Algorithm": ALGORITHM,
    "X-Amz-Credential": `${ACCESS_KEY_ID}/${scopeText(SCOPE)}`,
    "X-Amz-Date": TIMESTAMP,
    "X-Amz-Expires": "86400",
    "X-Amz-SignedHeaders": signedHeaders.join(";"),
    ...parameters,
  };
  const query = Object.entries(all)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
  const full = `${target}${target.includes("?") ? "&" : "?"}${query}`;
  const canonical = canonicalRequest(
    readRequest(method, full, HeaderView.fromRaw(Object.entries(headers).flat()), true),
    {
      service: "s3",
      signedHeaders,
      payloadHash: "UNSIGNED-PAYLOAD",
    },
  );
  const text = stringToSign(all["X-Amz-Date"] ?? "", scopeText(SCOPE), canonical);
  return `${full}&X-Amz-Signature=${SECRET_HANDLE.signingKey(SCOPE).sign(text)}`;
}

export async function check(
  method: string,
  target: string,
  raw: readonly string[],
  over: Partial<AuthDeps<string>> & { readonly secure?: boolean; readonly body?: Uint8Array } = {},
): Promise<AuthResult<string>> {
  const { secure = true, body = new Uint8Array(0), ...more } = over;
  return authenticate(readRequest(method, target, HeaderView.fromRaw(raw), secure), deps(more), () =>
    Promise.resolve(body),
  );
}

/** The wire error that a refusal becomes; anything else that is thrown is a bug. */
export async function refusal(attempt: Promise<unknown> | (() => unknown)): Promise<ServiceError> {
  try {
    await (typeof attempt === "function" ? attempt() : attempt);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    if (error instanceof AuthFailure) return authError(error);
    throw error;
  }
  throw new Error("expected a refusal");
}
