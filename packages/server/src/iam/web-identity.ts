/**
 * AssumeRoleWithWebIdentity: a token of a configured OpenID Connect issuer stands for a signature. The issuers are the
 * operator's choice; each appears in every account as `oidc-provider/<issuer without https://>`, and the role's trust
 * policy says which subjects may come.
 */
import { readFile } from "node:fs/promises";
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify, type JWTPayload } from "jose";
import { z } from "zod";
import type { Caller } from "../base/caller.ts";
import { type Clock, isFresh } from "../base/clock.ts";
import { fail } from "../base/errors.ts";
import { parseAccountId } from "../base/ids.ts";
import { JWKS_AGE_MS_MAX, JWKS_BYTES_MAX, JWKS_FAILURE_MS, JWKS_FETCH_MS_MAX } from "../base/limits.ts";
import {
  type AssumedRole,
  checkedDuration,
  checkedPolicies,
  decideTrust,
  issue,
  type SessionPolicies,
  type Sts,
  trustedRole,
} from "./assume-role.ts";
import { parseRoleArn } from "./roles.ts";

export interface OidcIssuer {
  /** The `iss` claim, letter by letter. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Where its public keys are: a file, or an http(s) URL. */
  readonly jwks: { readonly file: string } | { readonly url: string };
}

export interface WebIdentityInput extends SessionPolicies {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly token: string;
  readonly durationSeconds?: number | undefined;
}
export interface WebSession extends AssumedRole {
  readonly subject: string;
  readonly audience: string;
  readonly provider: string;
}

/** Asymmetric signatures alone: a shared secret or `none` proves nothing here. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const CLOCK_TOLERANCE_SECONDS = 60;
const jwksSchema = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

interface Keys {
  readonly readMs: number;
  readonly find: ReturnType<typeof createLocalJWKSet>;
}

export class OidcIssuers {
  readonly #issuers: ReadonlyMap<string, OidcIssuer>;
  readonly #clock: Clock;
  readonly #keys = new Map<string, Keys>();
  /** By issuer: one that is being asked, and one that could not be. */
  readonly #asking = new Map<string, Promise<Keys>>();
  readonly #failed = new Map<string, { readonly ms: number; readonly error: unknown }>();

  constructor(issuers: readonly OidcIssuer[], clock: Clock) {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
    this.#clock = clock;
  }

  /** Throws InvalidIdentityToken, ExpiredTokenException, IDPCommunicationError. */
  async verify(
    token: string,
  ): Promise<{ readonly issuer: string; readonly payload: JWTPayload; readonly audience: string }> {
    const issuer = this.#issuers.get(unverifiedIssuer(token));
    if (issuer === undefined)
      return fail(
        "InvalidIdentityToken",
        "No OpenIDConnect provider found in your account for the token's issuer",
      );
    const payload = await this.#payload(issuer, token, false);
    const audience = [payload.aud ?? []].flat().find((aud) => issuer.audiences.includes(aud));
    return {
      issuer: issuer.issuer,
      payload,
      audience: audience ?? fail("InvalidIdentityToken", "Incorrect token audience"),
    };
  }

  async #payload(issuer: OidcIssuer, token: string, reread: boolean): Promise<JWTPayload> {
    const keys = await this.#keysOf(issuer, reread);
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        algorithms: ALGORITHMS,
        issuer: issuer.issuer,
        audience: [...issuer.audiences],
        requiredClaims: ["exp", "iat", "sub", "aud"],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(this.#clock.now()),
      });
      return payload;
    } catch (error) {
      // A key that the issuer has added since: look once more.
      if (error instanceof errors.JWKSNoMatchingKey && !reread) return this.#payload(issuer, token, true);
      if (error instanceof errors.JWTExpired) return fail("ExpiredTokenException", "Token expired");
      if (!(error instanceof errors.JOSEError)) throw error;
      // The library's text may quote claims; its code says enough.
      return fail("InvalidIdentityToken", `The web identity token is not valid (${error.code}).`);
    }
  }

  async #keysOf(issuer: OidcIssuer, reread: boolean): Promise<Keys> {
    const now = this.#clock.now();
    const name = issuer.issuer;
    const known = this.#keys.get(name);
    // Unknown key ids must not make every request fetch.
    const ageMax = reread ? JWKS_FETCH_MS_MAX : JWKS_AGE_MS_MAX;
    if (known !== undefined && isFresh(known.readMs, now, ageMax)) return known;
    const failed = this.#failed.get(name);
    if (failed !== undefined && isFresh(failed.ms, now, JWKS_FAILURE_MS)) throw failed.error;
    let asking = this.#asking.get(name);
    if (asking === undefined) {
      asking = this.#ask(issuer).finally(() => this.#asking.delete(name));
      this.#asking.set(name, asking);
    }
    return asking;
  }

  async #ask({ issuer, jwks }: OidcIssuer): Promise<Keys> {
    const readMs = this.#clock.now();
    try {
      const keys = { readMs, find: createLocalJWKSet(await readJwks(jwks)) };
      this.#keys.set(issuer, keys);
      this.#failed.delete(issuer);
      return keys;
    } catch (error) {
      this.#failed.set(issuer, { ms: this.#clock.now(), error });
      throw error;
    }
  }
}

function unverifiedIssuer(token: string): string {
  const [, body = ""] = token.split(".");
  try {
    const claims: unknown = JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
    if (typeof claims === "object" && claims !== null && "iss" in claims && typeof claims.iss === "string")
      return claims.iss;
  } catch {
    // Said below, without the parser's text: it quotes the token.
  }
  return fail("InvalidIdentityToken", "The web identity token that was passed could not be validated.");
}

async function readJwks(source: OidcIssuer["jwks"]): Promise<JSONWebKeySet> {
  let text: string;
  try {
    text = "file" in source ? await readFile(source.file, "utf8") : await fetchText(source.url);
    // `looseObject` keeps what kinds of keys need beyond `kty`; the library checks each key when it is used.
    return jwksSchema.parse(JSON.parse(text)) as JSONWebKeySet;
  } catch (cause) {
    return fail("IDPCommunicationError", {
      message: "Couldn't retrieve the verification keys of the identity provider",
      cause,
    });
  }
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(JWKS_FETCH_MS_MAX), redirect: "error" });
  if (!response.ok || response.body === null) throw new Error(`the issuer answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > JWKS_BYTES_MAX) throw new Error("the issuer's keys are too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const NOT_AUTHORISED = "Not authorized to perform sts:AssumeRoleWithWebIdentity";

/** `caller` is anonymous: the token is all there is. */
export async function assumeRoleWithWebIdentity(
  sts: Sts,
  issuers: OidcIssuers,
  caller: Caller,
  input: WebIdentityInput,
): Promise<WebSession> {
  const named = parseRoleArn(input.roleArn);
  const account = parseAccountId(named.account);
  const { issuer, payload, audience } = await issuers.verify(input.token);
  const subject = payload.sub ?? fail("InvalidIdentityToken", "The token names no subject.");
  const role = await trustedRole(sts.directory, account, named.name, input.roleArn);
  if (role === undefined) return fail("AccessDenied", NOT_AUTHORISED);
  const host = issuer.replace(/^https?:\/\//, "");
  const provider = `arn:aws:iam::${account}:oidc-provider/${host}`;
  const values = claimConditions(host, payload);
  values.set("sts:rolesessionname", input.sessionName);
  values.set("aws:federatedprovider", provider);
  const allowed = decideTrust(
    sts,
    caller,
    { kind: "provider", provider },
    account,
    role,
    "sts:AssumeRoleWithWebIdentity",
    values,
  );
  if (!allowed) return fail("AccessDenied", NOT_AUTHORISED);
  const session = issue(sts, account, role, {
    kind: "web-identity",
    sessionName: input.sessionName,
    seconds: checkedDuration(role, input.durationSeconds, undefined),
    ...(await checkedPolicies(sts.directory, account, input)),
    tags: [],
    transitive: [],
    sourceIdentity: undefined,
    provider,
  });
  return { ...session, subject, audience, provider };
}

/**
 * `<issuer host>:aud`, `:sub` and every other claim with text values, in lower case, as AWS names them. Claims differ by case,
 * conditions don't: `SUB`, which an issuer may let its users choose, does not stand for `sub`.
 */
function claimConditions(host: string, payload: JWTPayload): Map<string, string | readonly string[]> {
  const values = new Map<string, string | readonly string[]>();
  for (const [claim, value] of Object.entries(payload)) {
    const lower = claim.toLowerCase();
    if (claim !== lower && Object.hasOwn(payload, lower)) continue;
    const name = `${host.toLowerCase()}:${lower}`;
    if (typeof value === "string" || typeof value === "boolean") values.set(name, String(value));
    else if (Array.isArray(value) && value.every((item): item is string => typeof item === "string"))
      values.set(name, value);
  }
  return values;
}
