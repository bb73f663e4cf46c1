/**
 * Condition values of one decision: what the pipeline read off the request, and the global keys that follow from caller
 * and clock. Computed when a policy asks: most decisions ask for few.
 */
import type { ConditionValues } from "../base/access.ts";
import type { Caller, SessionFacts } from "../base/caller.ts";
import type { Clock } from "../base/clock.ts";
import type { ConditionContext } from "../policy/index.ts";

export interface Surroundings {
  readonly clock: Clock;
  readonly region: string | undefined;
}

export class RequestContext implements ConditionContext {
  readonly #caller: Caller;
  readonly #values: ConditionValues;
  readonly #surroundings: Surroundings;

  constructor(caller: Caller, values: ConditionValues, surroundings: Surroundings) {
    this.#caller = caller;
    this.#values = values;
    this.#surroundings = surroundings;
  }

  get(key: string): string | readonly string[] | undefined {
    const given = this.#values.get(key);
    if (given !== undefined) return given;
    if (!key.startsWith("aws:")) return undefined;
    switch (key) {
      case "aws:securetransport":
        return String(this.#caller.secureTransport);
      case "aws:sourceip":
        // A key's policy must not take the client of S3 for its own caller (spec access 4.5).
        return this.#values.get("aws:viaawsservice") === "true" ? undefined : this.#caller.sourceIp;
      case "aws:useragent":
        return this.#caller.userAgent;
      case "aws:currenttime":
        return new Date(this.#surroundings.clock.now()).toISOString();
      case "aws:epochtime":
        return String(Math.floor(this.#surroundings.clock.now() / 1000));
      case "aws:requestedregion":
        return this.#surroundings.region;
      case "aws:viaawsservice":
        return "false";
      default:
        return sessionValue(sessionOf(this.#caller), key);
    }
  }
}

export function sessionOf({ principal }: Caller): SessionFacts | undefined {
  return "session" in principal ? principal.session : undefined;
}

/** Of temporary credentials alone: a long-term key has no value for any of these. */
function sessionValue(session: SessionFacts | undefined, key: string): string | undefined {
  if (session === undefined) return undefined;
  switch (key) {
    case "aws:tokenissuetime":
      return new Date(session.issuedAtMs).toISOString();
    case "aws:multifactorauthpresent":
      return "false";
    case "aws:sourceidentity":
      return session.sourceIdentity;
    case "aws:federatedprovider":
      return session.federatedProvider;
    default:
      return undefined;
  }
}
