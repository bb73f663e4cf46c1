/** The checks of a claim that need no cryptography, shared by headers, presigned URLs and POST forms (spec access 1.8). */
import type { Clock } from "../base/clock.ts";
import { type AuthReason, type CredentialPlace, refuse } from "./auth-failure.ts";
import type { Credential, CredentialLookup } from "./credentials.ts";
import type { HeaderView } from "./headers.ts";
import { sameSecretText, type Scope } from "./signing-key.ts";
import type { Timestamp } from "./timestamp.ts";

export interface ServiceRule {
  /** How far the client's clock may be off. */
  readonly skewMsMax: number;
  /** Regions accepted in the credential scope; the first is the one that errors name. */
  readonly regions: readonly [string, ...string[]];
}

const MINUTE_MS = 60_000;

/** One endpoint serves all: S3 with AWS's 15 minutes, the others with 5. IAM is global and signs for us-east-1. */
export function serviceRules(region: string): ReadonlyMap<string, ServiceRule> {
  const other: ServiceRule = { skewMsMax: 5 * MINUTE_MS, regions: [region] };
  return new Map([
    ["s3", { skewMsMax: 15 * MINUTE_MS, regions: [region] }],
    ["kms", other],
    ["cloudtrail", other],
    ["sts", { skewMsMax: 5 * MINUTE_MS, regions: [region, "us-east-1"] }],
    ["iam", { skewMsMax: 5 * MINUTE_MS, regions: [region, "us-east-1"] }],
  ]);
}

/** Unknown, inactive and deleted keys are answered alike. At once where the lookup is. */
export function findCredential<P>(
  deps: { readonly lookup: CredentialLookup<P>; readonly clock: Clock },
  accessKeyId: string,
  sessionToken: string | undefined,
  service: string,
): Credential<P> | Promise<Credential<P>> {
  const found = deps.lookup(accessKeyId, sessionToken);
  if (found instanceof Promise) {
    return found.then((f) => usable(deps.clock, f, accessKeyId, sessionToken, service));
  }
  return usable(deps.clock, found, accessKeyId, sessionToken, service);
}

function usable<P>(
  clock: Clock,
  found: Credential<P> | "invalid-token" | undefined,
  accessKeyId: string,
  sessionToken: string | undefined,
  service: string,
): Credential<P> {
  if (found === "invalid-token") return refuse({ kind: "invalid-token" }, service);
  if (found === undefined || !found.active || (found.session !== undefined && sessionToken === undefined))
    return refuse({ kind: "unknown-access-key", accessKeyId }, service);
  if (found.session === undefined) {
    if (sessionToken !== undefined) refuse({ kind: "invalid-token" }, service);
    return found;
  }
  if (!sameSecretText(found.session.token, sessionToken ?? "")) refuse({ kind: "invalid-token" }, service);
  if (clock.now() >= found.session.expiresAtMs) refuse({ kind: "expired-token" }, service);
  return found;
}

/** An unknown service is answered as S3 would. */
export function checkScope(
  services: ReadonlyMap<string, ServiceRule>,
  scope: Scope,
  place: CredentialPlace,
): ServiceRule {
  const rule = services.get(scope.service);
  if (rule === undefined) {
    return refuse({ kind: "wrong-scope", place, part: "service", given: scope.service, expected: "s3" });
  }
  if (!rule.regions.includes(scope.region)) {
    const reason: AuthReason = {
      kind: "wrong-scope",
      place,
      part: "region",
      given: scope.region,
      expected: rule.regions[0],
    };
    return refuse(reason, scope.service);
  }
  return rule;
}

/** `expiresSeconds` is there for presigned requests only. */
export function checkTime(
  rule: ServiceRule,
  service: string,
  timestamp: Timestamp,
  expiresSeconds: number | undefined,
  nowMs: number,
): void {
  const { skewMsMax } = rule;
  if (expiresSeconds === undefined) {
    if (Math.abs(nowMs - timestamp.ms) > skewMsMax) {
      const { text, ms } = timestamp;
      refuse({ kind: "skewed", timestamp: text, timestampMs: ms, nowMs, skewMsMax }, service);
    }
    return;
  }
  const expiresAtMs = timestamp.ms + expiresSeconds * 1000;
  if (nowMs > expiresAtMs) {
    refuse({ kind: "expired", seconds: expiresSeconds, expiresAtMs, nowMs }, service);
  }
  if (nowMs < timestamp.ms - skewMsMax) {
    refuse({ kind: "not-yet-valid", timestampMs: timestamp.ms, nowMs }, service);
  }
}

/** Every `x-amz-*` header changes what a request means, so each must be signed. `hoisted`: of a presigned query. */
export function unsignedAmzHeaders(
  headers: HeaderView,
  signed: readonly string[],
  hoisted?: ReadonlyMap<string, string>,
): readonly string[] {
  const unsigned: string[] = [];
  let set: ReadonlySet<string> | undefined;
  for (const name of headers.names()) {
    if (!name.startsWith("x-amz-")) continue;
    if (signed.length > 32) set ??= new Set(signed);
    if (set === undefined ? signed.includes(name) : set.has(name)) continue;
    // A header that repeats what the signed query says adds nothing (spec s3-encryption A.5).
    if (hoisted?.has(name) === true && hoisted.get(name) === headers.get(name)) continue;
    unsigned.push(name);
  }
  return unsigned;
}
