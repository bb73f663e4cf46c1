/**
 * `userIdentity` of CloudTrail records (spec audit section 2). Built once for a principal and its credential, because it
 * is the largest part of a record and the same for thousands.
 */
import type { Caller, Principal, SessionFacts } from "../base/caller.ts";
import { whoOf } from "./facts.ts";
import { parseIdentity } from "./trail-event.ts";
import { jsonString } from "../base/json-text.ts";

export interface Identity {
  /** JSON object without the closing brace, so that `invokedBy` can follow. */
  readonly open: string;
  readonly account: string;
  /** As the index knows it. */
  readonly who: string;
}

/** `open`: without its last brace. */
export const identityFrom = (open: string, account: string): Identity => ({
  open,
  account,
  who: whoOf(parseIdentity(`${open}}`)),
});

const KEPT_MAX = 4096;
let kept = new Map<string, Identity>();
/** One client asks again and again. */
let last:
  | { readonly principal: Principal; readonly accessKeyId: string; readonly identity: Identity }
  | undefined;

/** Of a caller that is authenticated, or of nobody. */
export function identityOf(caller: Pick<Caller, "principal" | "accessKeyId">): Identity {
  const { principal, accessKeyId = "" } = caller;
  if (last?.principal === principal && last.accessKeyId === accessKeyId) return last.identity;
  const identity = keptIdentity(principal, accessKeyId);
  last = { principal, accessKeyId, identity };
  return identity;
}

function keptIdentity(principal: Principal, accessKeyId: string): Identity {
  const session = sessionOf(principal);
  const name = `${arnOf(principal)}\n${accessKeyId}\n${session?.issuedAtMs ?? ""}`;
  const known = kept.get(name);
  if (known !== undefined) return known;
  const made = build(principal, accessKeyId, session);
  if (kept.size >= KEPT_MAX) kept = new Map();
  kept.set(name, made);
  return made;
}

/** A signature that did not verify: nobody is known, but which credential was claimed. */
export function claimedIdentity(accessKeyId: string | undefined): Identity {
  const key = accessKeyId === undefined ? "" : `,"accessKeyId":${jsonString(accessKeyId)}`;
  return identityFrom(`{"type":"Unknown","principalId":""${key}`, "anonymous");
}

function arnOf(principal: Principal): string {
  return "arn" in principal ? principal.arn : principal.kind;
}

const sessionOf = (principal: Principal): SessionFacts | undefined =>
  "session" in principal ? principal.session : undefined;

function build(principal: Principal, accessKeyId: string, session: SessionFacts | undefined): Identity {
  switch (principal.kind) {
    case "anonymous":
      return identityFrom('{"type":"AWSAccount","principalId":"","accountId":"anonymous"', "anonymous");
    case "internal":
      return identityFrom(`{"type":"AWSService","invokedBy":${jsonString(principal.name)}`, "");
    case "root":
    case "user":
    case "role-session":
    case "federated": {
      const { account, arn, userId } = principal;
      const type = TYPES[principal.kind];
      const parts = [
        `"type":"${type}"`,
        `"principalId":${jsonString(userId)}`,
        `"arn":${jsonString(arn)}`,
        `"accountId":"${account}"`,
        `"accessKeyId":${jsonString(accessKeyId)}`,
      ];
      if (principal.kind === "user") parts.push(`"userName":${jsonString(principal.name)}`);
      const context = contextOf(principal, session);
      if (context !== undefined) parts.push(`"sessionContext":${JSON.stringify(context)}`);
      return identityFrom(`{${parts.join(",")}`, account);
    }
  }
}

const TYPES = {
  root: "Root",
  user: "IAMUser",
  "role-session": "AssumedRole",
  federated: "FederatedUser",
} as const;

function contextOf(principal: Principal, session: SessionFacts | undefined): unknown {
  const attributes = {
    ...(session === undefined
      ? {}
      : { creationDate: `${new Date(session.issuedAtMs).toISOString().slice(0, 19)}Z` }),
    mfaAuthenticated: "false",
  };
  const source = session?.sourceIdentity === undefined ? {} : { sourceIdentity: session.sourceIdentity };
  if (principal.kind === "role-session") {
    const { account, roleArn, userId } = principal;
    return {
      sessionIssuer: {
        type: "Role",
        principalId: userId.split(":")[0],
        arn: roleArn,
        accountId: account,
        userName: roleArn.slice(roleArn.lastIndexOf("/") + 1),
      },
      attributes,
      ...source,
    };
  }
  if (principal.kind === "federated") {
    const { account, lender } = principal;
    const root = lender.userId === account;
    return {
      sessionIssuer: {
        type: root ? "Root" : "IAMUser",
        principalId: lender.userId,
        arn: lender.arn,
        accountId: account,
        ...(root ? {} : { userName: lender.arn.slice(lender.arn.lastIndexOf("/") + 1) }),
      },
      attributes,
    };
  }
  return session === undefined ? undefined : { attributes, ...source };
}
