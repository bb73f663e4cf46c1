/** What an STS operation works with. */
import type { Caller } from "../../base/caller.ts";
import { fail } from "../../base/errors.ts";
import type { Sts } from "../../iam/assume-role.ts";
import { sessionOf } from "../../iam/request-context.ts";
import type { OidcIssuers } from "../../iam/web-identity.ts";
import { type Call, type Definition, type QueryOperation, queryOperation } from "../query/operation.ts";
import type { Schema } from "../query/schema.ts";

export interface StsDeps {
  readonly sts: Sts;
  readonly issuers: OidcIssuers;
}
export interface StsCall extends Call, StsDeps {}
export type StsOperation = QueryOperation<StsCall>;

export function operation<S extends Schema, R>(definition: Definition<StsCall, S, R>): StsOperation {
  return queryOperation(definition);
}

/** What a session of a kind may call; every kind that is not here, everything. */
const OPEN: ReadonlyMap<string | undefined, readonly string[]> = new Map([
  ["session-token", ["AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity"]],
  ["federation", ["GetCallerIdentity"]],
]);

/** Throws AccessDenied: credentials of GetSessionToken and GetFederationToken open little of STS. */
export function stsCall(deps: StsDeps, caller: Caller, name: string): StsCall {
  if (OPEN.get(sessionOf(caller)?.kind)?.includes(name) === false)
    fail("AccessDenied", `Cannot call ${name} with session credentials`);
  return { ...deps, caller };
}
