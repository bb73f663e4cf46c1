/**
 * Who asks, and how the request came. Built once by the pipeline; every layer that authorises, audits or keys a cache
 * takes it from here. Internal facts travel in this value, never in headers.
 */
import type { AccountId } from "./ids.ts";

/** Spec access section 2. Users, role sessions and federated users come with the identity service. */
export type Principal =
  | { readonly kind: "anonymous" }
  | { readonly kind: "root"; readonly account: AccountId; readonly arn: string; readonly userId: string }
  | {
      readonly kind: "user";
      readonly account: AccountId;
      readonly arn: string;
      readonly userId: string;
      readonly name: string;
    }
  | {
      readonly kind: "role-session";
      readonly account: AccountId;
      readonly arn: string;
      readonly userId: string;
      readonly roleArn: string;
    }
  /** A job of the store itself, acting on what a caller asked for earlier. Never has a right of its own on a key. */
  | { readonly kind: "internal"; readonly name: string };

export interface Caller {
  readonly requestId: string;
  readonly principal: Principal;
  /** Identity for caches of key material: one credential (access key, or one session of a role) is one requester. */
  readonly sessionKey: string;
  readonly accessKeyId?: string;
  /** How the request was signed. Anonymous requests can never use a KMS key. */
  readonly signature: "AWS4-HMAC-SHA256" | "none";
  readonly authType: "REST-HEADER" | "REST-QUERY-STRING" | "POST" | "none";
  /** aws:SecureTransport, always truthful. */
  readonly secureTransport: boolean;
  readonly tlsVersion?: string;
  /** Whether SSE-C and KMS traffic may pass on this connection: TLS, or plain HTTP where the operator allows it. */
  readonly keysMayPass: boolean;
  readonly sourceIp: string;
  readonly userAgent?: string;
  readonly signal: AbortSignal;
}

export function accountOf(principal: Principal): AccountId | undefined {
  return principal.kind === "anonymous" || principal.kind === "internal" ? undefined : principal.account;
}
