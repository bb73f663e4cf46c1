/**
 * The authorise step: every need of the operation through the one port, with the request's condition values, and the
 * sentence a refused caller gets (spec access 7).
 */
import type { AccessDecision, ConditionValues } from "../../base/access.ts";
import { accountOf, type Caller } from "../../base/caller.ts";
import { fail } from "../../base/errors.ts";
import type { AccountId } from "../../base/ids.ts";
import type { Bucket } from "../../objects/api.ts";
import { conditionsOf } from "./conditions.ts";
import { LazyConditions } from "./lazy-conditions.ts";
import type { Need } from "./operation.ts";
import type { S3Request } from "./request.ts";

export function resourceOf(need: Need): string {
  if (need.bucket === undefined) return "*";
  const bucket = typeof need.bucket === "string" ? need.bucket : need.bucket.name;
  return need.key === undefined ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${need.key}`;
}

/** All needs must be allowed. Throws AccessDenied with the sentence of the first that is not. */
export async function authorise(req: S3Request, needs: readonly Need[]): Promise<void> {
  if (needs.length === 0) return;
  const pending = conditionsOf(req);
  const conditions = pending instanceof Promise ? await pending : pending;
  for (const need of needs) {
    const answer = ask(req, need, conditions);
    const decision = answer instanceof Promise ? await answer : answer;
    if (decision.kind !== "allow") deny(req.caller, need, decision);
  }
}

/** The same question without the exception: per-key decisions of DeleteObjects, existence hiding. */
export async function decide(req: S3Request, need: Need): Promise<AccessDecision> {
  return ask(req, need, await conditionsOf(req));
}

function ask(
  req: S3Request,
  need: Need,
  conditions: ConditionValues,
): AccessDecision | Promise<AccessDecision> {
  const bucket: Bucket | undefined = typeof need.bucket === "string" ? undefined : need.bucket;
  return req.deps.authoriser.decide(req.caller, {
    action: need.action,
    resource: resourceOf(need),
    resourceAccount: bucket?.owner ?? ownAccount(req.caller),
    conditions: need.versionId === undefined ? conditions : ofVersion(conditions, need.versionId),
    ...(bucket?.policy === undefined ? {} : { resourcePolicy: bucket.policy }),
  });
}

/** A version named elsewhere than in the query: by a copy source, by an entry of DeleteObjects. */
function ofVersion(conditions: ConditionValues, versionId: string): ConditionValues {
  return new LazyConditions(() => new Map([...conditions, ["s3:versionid", versionId]]));
}

/** Anonymous callers have no account; nothing is owned by this one. */
const NO_ACCOUNT = "" as AccountId;
const ownAccount = (caller: Caller): AccountId => accountOf(caller.principal) ?? NO_ACCOUNT;

export function denialMessage(caller: Caller, need: Need, decision: AccessDecision): string {
  const { principal } = caller;
  const owner = need.bucket === undefined || typeof need.bucket === "string" ? undefined : need.bucket.owner;
  const account = accountOf(principal);
  if (principal.kind === "anonymous" || principal.kind === "internal") return "Access Denied";
  if (owner !== undefined && owner !== account) return "Access Denied";
  const reason = decision.kind === "allow" ? "" : ` ${decision.reason}`;
  return `User: ${principal.arn} is not authorized to perform: ${need.action} on resource: "${resourceOf(need)}"${reason}`;
}

export function deny(caller: Caller, need: Need, decision: AccessDecision): never {
  fail("AccessDenied", { message: denialMessage(caller, need, decision) });
}
