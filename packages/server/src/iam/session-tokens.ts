/**
 * Temporary credentials without a record: the token is the session, sealed for this store alone, and the secret follows
 * from the token, so that nothing is stored and every process can verify. What may change (the role, its policies) is
 * read anew with each request.
 */
import { CryptoError, keyedHash, openToken, sealToken, type SecretKey } from "@strongroom/crypto";
import { z } from "zod";
import { fail } from "../base/errors.ts";
import { SESSION_CLAIMS_BYTES_MAX } from "../base/limits.ts";
import { newSessionKeyId } from "../base/random-text.ts";
import type { TokenKeys } from "../store/tokens.ts";
import { accountIdField } from "./account-records.ts";

export interface SessionTokenKeys extends TokenKeys {
  /** Loads the keyring anew: another process may have added the term that sealed a token. */
  reload?(): Promise<unknown>;
}

const claimsSchema = z.strictObject({
  v: z.literal(1),
  /** Whose rights: a role's, a user's or root's own (GetSessionToken), or those lent to a name (GetFederationToken). */
  kind: z.enum(["role", "web-identity", "user", "root", "federation"]),
  account: accountIdField,
  /** Unique id of role or user; the account number for root. */
  id: z.string(),
  /** Role sessions and federated users: the session's name. */
  name: z.string().exactOptional(),
  accessKeyId: z.string(),
  issuedAtMs: z.number(),
  expiresAtMs: z.number(),
  policy: z.string().exactOptional(),
  policyArns: z.array(z.string()).exactOptional(),
  tags: z.array(z.tuple([z.string(), z.string()])).exactOptional(),
  transitive: z.array(z.string()).exactOptional(),
  sourceIdentity: z.string().exactOptional(),
  provider: z.string().exactOptional(),
});
export type SessionClaims = z.output<typeof claimsSchema>;

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
}

const TOKEN_USE = "session";
const SECRET_USE = "session secret";
/** 30 of the 32 bytes make 40 characters without padding, the length of every secret access key. */
const SECRET_BYTES = 30;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const encoder = new TextEncoder();

export class SessionTokens {
  readonly #keys: SessionTokenKeys;

  constructor(keys: SessionTokenKeys) {
    this.#keys = keys;
  }

  issue(claims: Omit<SessionClaims, "v" | "accessKeyId">): SessionCredentials {
    const accessKeyId = newSessionKeyId();
    const { term, key } = this.#keys.current();
    const body = encoder.encode(JSON.stringify({ v: 1, ...claims, accessKeyId }));
    const token = sealToken(key, term, TOKEN_USE, body);
    return {
      accessKeyId,
      secretAccessKey: secretOf(key, token),
      sessionToken: Buffer.from(token).toString("base64url"),
      expiresAtMs: claims.expiresAtMs,
    };
  }

  /** Undefined for whatever this store did not issue. Says nothing about expiry. */
  async open(
    text: string,
  ): Promise<{ readonly claims: SessionClaims; readonly secret: Uint8Array } | undefined> {
    if (!BASE64URL.test(text)) return undefined;
    const token = Buffer.from(text, "base64url");
    if (token.toString("base64url") !== text || token.length < 5) return undefined;
    const term = token.readUInt32BE(1);
    if (!this.#keys.all().has(term)) await this.#keys.reload?.();
    const key = this.#keys.all().get(term);
    if (key === undefined) return undefined;
    const body = openOrUndefined(new Map([[term, key]]), token);
    if (body === undefined) return undefined;
    const claims = claimsSchema.parse(JSON.parse(new TextDecoder().decode(body)));
    return { claims, secret: encoder.encode(secretOf(key, token)) };
  }
}

function openOrUndefined(
  keys: ReadonlyMap<number, SecretKey<"token">>,
  token: Uint8Array,
): Uint8Array | undefined {
  try {
    return openToken(keys, TOKEN_USE, token);
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
}

function secretOf(key: SecretKey<"token">, token: Uint8Array): string {
  const hash = keyedHash(key, SECRET_USE, token);
  return Buffer.from(hash.subarray(0, SECRET_BYTES)).toString("base64");
}

/** Percent of what a session's policies and tags may take. Throws PackedPolicyTooLarge. */
export function packedSize(
  claims: Pick<SessionClaims, "policy" | "policyArns" | "tags">,
): number | undefined {
  const { policy, policyArns, tags } = claims;
  if (policy === undefined && policyArns === undefined && tags === undefined) return undefined;
  const bytes = Buffer.byteLength(JSON.stringify([policy ?? "", policyArns ?? [], tags ?? []]));
  const percent = Math.ceil((100 * bytes) / SESSION_CLAIMS_BYTES_MAX);
  if (percent > 100)
    fail(
      "PackedPolicyTooLarge",
      `Packed policy and tags consume ${percent}% of allotted space, please use smaller ones.`,
    );
  return percent;
}
