/** Short forms for the tests of this folder. */
import assert from "node:assert/strict";
import type { AccessRequest, PolicySet } from "./decision.ts";
import { type ParseOptions, parsePolicy } from "./parse.ts";
import type { Policy, PolicyKind } from "./policy.ts";
import type { Principal, RolePrincipal, RootPrincipal, UserPrincipal } from "./principal.ts";

/** Milliseconds that this process has computed: what else the machine does meanwhile is no cost of a policy. */
export const cpuMs = (): number => {
  const { user: userMicros, system } = process.cpuUsage();
  return (userMicros + system) / 1000;
};

export const ACCOUNT = "111122223333";
export const OTHER = "444455556666";
export const ROOT: RootPrincipal = { kind: "root", account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root` };
export const OTHER_ROOT: RootPrincipal = { kind: "root", account: OTHER, arn: `arn:aws:iam::${OTHER}:root` };
export const ANONYMOUS: Principal = { kind: "anonymous" };

export const user = (name: string, account = ACCOUNT, tags?: Record<string, string>): UserPrincipal => ({
  kind: "user",
  account,
  arn: `arn:aws:iam::${account}:user/${name}`,
  id: `AIDA${name.toUpperCase().padEnd(17, "X")}`,
  name,
  ...(tags === undefined ? {} : { tags: new Map(Object.entries(tags)) }),
});
export const role = (name: string, account = ACCOUNT): RolePrincipal => ({
  kind: "role-session",
  account,
  arn: `arn:aws:sts::${account}:assumed-role/${name}/s1`,
  roleArn: `arn:aws:iam::${account}:role/${name}`,
  roleId: `AROA${name.toUpperCase().padEnd(17, "X")}`,
  sessionName: "s1",
});

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonStatement = { readonly [key: string]: Json };

export const document = (statements: readonly JsonStatement[], version = "2012-10-17"): string =>
  JSON.stringify({ Version: version, Statement: statements });

/** A policy that must parse. Version 2012-10-17. */
export function policy(
  kind: PolicyKind,
  statements: readonly JsonStatement[],
  options?: ParseOptions,
): Policy {
  return parsed(document(statements), kind, options);
}
export function parsed(text: string, kind: PolicyKind, options?: ParseOptions): Policy {
  const result = parsePolicy(text, kind, options);
  assert.ok(result.ok, result.ok ? "" : `${result.failure.message}: ${text}`);
  return result.policy;
}
export const allows = (action: Json, resource: Json = "*", more: JsonStatement = {}): JsonStatement => ({
  Effect: "Allow",
  Action: action,
  Resource: resource,
  ...more,
});
export const denies = (action: Json, resource: Json = "*", more: JsonStatement = {}): JsonStatement => ({
  ...allows(action, resource, more),
  Effect: "Deny",
});
export const identity = (...statements: JsonStatement[]): Policy => policy("identity", statements);

export interface Asked {
  readonly principal: Principal;
  readonly action: string;
  readonly resource?: string;
  readonly owner?: string;
  readonly context?: Record<string, string | readonly string[]>;
  readonly policies?: Partial<PolicySet>;
}
export function request(asked: Asked): AccessRequest {
  return {
    principal: asked.principal,
    action: asked.action,
    resource: asked.resource ?? "arn:aws:s3:::b/k",
    resourceAccount: asked.owner ?? ACCOUNT,
    context: new Map(Object.entries(asked.context ?? {})),
    policies: { identity: [], ...asked.policies },
  };
}
