/**
 * Why a request was not authenticated, before any protocol gives it a name: S3, JSON (KMS) and Query (IAM, STS) have
 * different codes for the same reason. `auth-errors.ts` renders.
 */

/** Where the credentials stood. */
export type CredentialPlace = "header" | "query" | "form";

export type AuthReason =
  /** No credentials at all, on a service that has no anonymous callers. Thrown by those who ask for a signature. */
  | { readonly kind: "missing" }
  | { readonly kind: "several-mechanisms" }
  /** SigV2 and SigV4a. */
  | { readonly kind: "unsupported-mechanism" }
  | { readonly kind: "unsupported-type"; readonly value: string }
  /** `region`: what the client should have used; SDKs retry with it. */
  | {
      readonly kind: "malformed";
      readonly place: CredentialPlace;
      readonly detail: string;
      readonly region?: string;
    }
  | { readonly kind: "missing-parameters" }
  | { readonly kind: "missing-date" }
  | { readonly kind: "unknown-access-key"; readonly accessKeyId: string }
  | { readonly kind: "invalid-token" }
  | { readonly kind: "expired-token" }
  | {
      readonly kind: "wrong-scope";
      readonly place: CredentialPlace;
      readonly part: "region" | "service";
      readonly given: string;
      readonly expected: string;
    }
  | {
      readonly kind: "skewed";
      readonly timestamp: string;
      readonly timestampMs: number;
      readonly nowMs: number;
      readonly skewMsMax: number;
    }
  | {
      readonly kind: "expired";
      readonly seconds: number;
      readonly expiresAtMs: number;
      readonly nowMs: number;
    }
  | { readonly kind: "not-yet-valid"; readonly timestampMs: number; readonly nowMs: number }
  | { readonly kind: "unsigned-headers"; readonly names: readonly string[] }
  | {
      readonly kind: "mismatch";
      readonly accessKeyId: string;
      readonly signature: string;
      readonly stringToSign: string;
      /** Redacted. Absent for POST forms, which sign their policy alone. */
      readonly canonicalRequest?: string;
    };

export class AuthFailure extends Error {
  readonly reason: AuthReason;
  /** The service that the credential scope names, once it is known: it decides the protocol of the answer. */
  readonly service: string | undefined;

  constructor(reason: AuthReason, service?: string) {
    super(`not authenticated: ${reason.kind}`);
    this.name = "AuthFailure";
    this.reason = reason;
    this.service = service;
  }
}

export function refuse(reason: AuthReason, service?: string): never {
  throw new AuthFailure(reason, service);
}
