/** The operations of STS. Routes, metric names and the support table of the docs come from this list. */
import type { StsOperation } from "./call.ts";
import { AssumeRoleWithWebIdentity } from "./ops/assume-role-with-web-identity.ts";
import { AssumeRole } from "./ops/assume-role.ts";
import { GetCallerIdentity } from "./ops/get-caller-identity.ts";
import { GetFederationToken } from "./ops/get-federation-token.ts";
import { GetSessionToken } from "./ops/get-session-token.ts";

const LIST: readonly StsOperation[] = [
  AssumeRole,
  AssumeRoleWithWebIdentity,
  GetCallerIdentity,
  GetFederationToken,
  GetSessionToken,
];

export const STS_OPERATIONS: ReadonlyMap<string, StsOperation> = new Map(LIST.map((op) => [op.name, op]));

/** What STS has besides (API version 2011-06-15): refused by name, so that nobody takes it for a typing error. */
export const STS_UNSUPPORTED: ReadonlySet<string> = new Set([
  "AssumeRoleWithSAML",
  "AssumeRoot",
  "DecodeAuthorizationMessage",
  "GetAccessKeyInfo",
  "GetDelegatedAccessToken",
  "GetWebIdentityToken",
]);
