/**
 * Who asks, and how the request came. Built once by the pipeline; every layer that authorises, audits or keys a cache
 * takes it from here. Internal facts travel in this value, never in headers.
 */
import type { AccountId } from "./ids.ts";

/** Of temporary credentials: what a policy may ask about the session itself. Multi-factor authentication is not offered. */
export interface SessionFacts {
  readonly kind: "role" | "web-identity" | "session-token" | "federation";
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** Set once, by whoever started the chain; stays through role chaining. */
  readonly sourceIdentity?: string;
  /** Session tags, in the case they were given in. */
  readonly tags: ReadonlyMap<string, string>;
  /** Tags that the next session of a role chain inherits. */
  readonly transitiveTagKeys: readonly string[];
  /** ARN of the identity provider behind a web identity. */
  readonly federatedProvider?: string;
}

/**
 * The policies that speak for a caller, compiled, as they were when the request was authenticated. The identity layer
 * makes it and only its authoriser looks inside: an opaque value for everybody between. A user or a role session that
 * comes without one is denied everything.
 */
export interface Standing {
  readonly kind: "standing";
}

/** Spec access section 2. */
export type Principal =
  | { readonly kind: "anonymous" }
  | {
      readonly kind: "root";
      readonly account: AccountId;
      readonly arn: string;
      readonly userId: string;
      readonly session?: SessionFacts;
      readonly standing?: Standing;
    }
  | {
      readonly kind: "user";
      readonly account: AccountId;
      readonly arn: string;
      readonly userId: string;
      readonly name: string;
      /** GetSessionToken keeps the user's identity. */
      readonly session?: SessionFacts;
      readonly standing?: Standing;
    }
  | {
      readonly kind: "role-session";
      readonly account: AccountId;
      readonly arn: string;
      readonly userId: string;
      readonly roleArn: string;
      readonly session?: SessionFacts;
      readonly standing?: Standing;
    }
  | {
      readonly kind: "federated";
      readonly account: AccountId;
      readonly arn: string;
      readonly userId: string;
      readonly name: string;
      /** Who lent its rights. */
      readonly lender: { readonly arn: string; readonly userId: string };
      readonly session?: SessionFacts;
      readonly standing?: Standing;
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
  /** Kept here because there is one caller a request: most requests use no KMS key. */
  keyUses?: KeyUses;
}

/** What a request did with KMS keys: the link from an S3 record to the key-service records that it caused. */
export interface KeyUses {
  readonly requestIds: string[];
  keyArn: string | undefined;
  materialId: string | undefined;
  /** `kms`: the key service opened or made a key. `bucketKeyCached`: it authorised the use of one held from before. */
  access: "kms" | "bucketKeyCached" | undefined;
  /** A record of it that was put off could not be put together: the request must not be answered as if it stood. */
  isUnrecorded: boolean;
}

/** The uses of a caller's request, which begin with the first. */
export function startKeyUses(caller: Caller): KeyUses {
  caller.keyUses ??= {
    requestIds: [],
    keyArn: undefined,
    materialId: undefined,
    access: undefined,
    isUnrecorded: false,
  };
  return caller.keyUses;
}

export function accountOf(principal: Principal): AccountId | undefined {
  return principal.kind === "anonymous" || principal.kind === "internal" ? undefined : principal.account;
}
