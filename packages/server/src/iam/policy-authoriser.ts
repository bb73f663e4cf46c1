/**
 * The authorise step's decision, by the policy engine: identity side, resource policy (bucket or key) and conditions.
 * Resource policies are parsed once per revision. Only root users exist as yet, so the identity side is empty; root has
 * every right in its own account except on KMS keys, where the key's policy alone gives it any.
 */
import type { AccessDecision, AccessRequest, Authoriser } from "../base/access.ts";
import type { Caller } from "../base/caller.ts";
import {
  decide,
  decideKeyAccess,
  type Decision,
  denialReason,
  parsePolicy,
  type Policy,
  type Principal,
} from "../policy/index.ts";

const POLICIES_KEPT_MAX = 4096;

export class PolicyAuthoriser implements Authoriser {
  /** By revision and kind; oldest first. A policy that does not parse (it did when it was put) denies. */
  readonly #policies = new Map<string, Policy | "unreadable">();

  decide(caller: Caller, request: AccessRequest): AccessDecision {
    const onKey = request.action.startsWith("kms:") && request.resourcePolicy !== undefined;
    const resource =
      request.resourcePolicy &&
      this.#policy(request.resourcePolicy, onKey ? "key" : "bucket", request.resource);
    if (resource === "unreadable")
      return { kind: "implicit-deny", reason: "because its policy can't be read" };
    const principal = principalOf(caller);
    const question = {
      principal,
      action: request.action,
      resource: request.resource,
      resourceAccount: request.resourceAccount,
      context: request.conditions,
      ...(request.encryptionContext !== undefined && { encryptionContext: request.encryptionContext }),
      policies: { identity: [], resource },
    };
    const decision = onKey
      ? decideKeyAccess({ ...question, grants: request.grants ?? [] })
      : decide(question);
    return toAccess(decision, request.action);
  }

  #policy(
    source: { readonly text: string; readonly revision: string },
    kind: "bucket" | "key",
    resource: string,
  ): Policy | "unreadable" {
    const name = `${kind}/${source.revision}`;
    const known = this.#policies.get(name);
    if (known !== undefined) return known;
    const bucket = /^arn:aws:s3:::([^/]+)/.exec(resource)?.[1];
    const parsed = parsePolicy(source.text, kind, bucket === undefined ? {} : { bucket });
    const policy = parsed.ok ? parsed.policy : "unreadable";
    this.#policies.set(name, policy);
    if (this.#policies.size > POLICIES_KEPT_MAX) {
      for (const oldest of this.#policies.keys()) {
        this.#policies.delete(oldest);
        break;
      }
    }
    return policy;
  }
}

function principalOf(caller: Caller): Principal {
  const { principal } = caller;
  switch (principal.kind) {
    case "anonymous":
      return { kind: "anonymous" };
    case "root":
      return { kind: "root", account: principal.account, arn: principal.arn };
    case "user":
      return {
        kind: "user",
        account: principal.account,
        arn: principal.arn,
        id: principal.userId,
        name: principal.name,
      };
    case "role-session": {
      const [roleId = "", sessionName = ""] = principal.userId.split(":");
      return {
        kind: "role-session",
        account: principal.account,
        arn: principal.arn,
        roleArn: principal.roleArn,
        roleId,
        sessionName,
      };
    }
    case "internal":
      return { kind: "service", name: principal.name };
  }
}

function toAccess(decision: Decision, action: string): AccessDecision {
  if (decision.effect === "allow")
    return decision.by.source === "grant"
      ? { kind: "allow", grantId: decision.by.policy }
      : { kind: "allow" };
  return { kind: decision.effect, reason: denialReason(decision, action) };
}
