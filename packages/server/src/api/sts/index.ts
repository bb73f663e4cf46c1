/** The operations of STS. Routes, metric names and the support table of the docs come from this list. */
import type { StsOperation } from "./call.ts";
import { AssumeRoleWithWebIdentity } from "./ops/assume-role-with-web-identity.ts";
import { AssumeRole } from "./ops/assume-role.ts";
import { GetCallerIdentity } from "./ops/get-caller-identity.ts";
import { GetSessionToken } from "./ops/get-session-token.ts";

const LIST: readonly StsOperation[] = [
  AssumeRole,
  AssumeRoleWithWebIdentity,
  GetCallerIdentity,
  GetSessionToken,
];

export const STS_OPERATIONS: ReadonlyMap<string, StsOperation> = new Map(LIST.map((op) => [op.name, op]));
