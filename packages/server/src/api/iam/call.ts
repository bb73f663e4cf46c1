/** What an IAM operation works with. */
import { accountOf, type Caller } from "../../base/caller.ts";
import { fail } from "../../base/errors.ts";
import type { AccountId } from "../../base/ids.ts";
import type { Directory } from "../../iam/directory.ts";
import type { Surroundings } from "../../iam/request-context.ts";
import { sessionOf } from "../../iam/request-context.ts";
import type { Tokens } from "../../store/tokens.ts";
import { type Call, type Definition, type QueryOperation, queryOperation } from "../query/operation.ts";
import type { Schema } from "../query/schema.ts";

export interface IamDeps {
  readonly directory: Directory;
  readonly tokens: Tokens;
  readonly surroundings: Surroundings;
}
export interface IamCall extends Call, IamDeps {
  readonly account: AccountId;
}
export type IamOperation = QueryOperation<IamCall>;

export function operation<S extends Schema, R>(definition: Definition<IamCall, S, R>): IamOperation {
  return queryOperation(definition);
}

/** Throws InvalidClientTokenId: GetSessionToken without multi-factor authentication and GetFederationToken do not open IAM. */
export function iamCall(deps: IamDeps, caller: Caller): IamCall {
  const account = accountOf(caller.principal);
  if (account === undefined) return fail("MissingAuthenticationToken");
  const kind = sessionOf(caller)?.kind;
  if (kind === "session-token" || kind === "federation") fail("InvalidClientTokenId");
  return { ...deps, caller, account };
}
