/**
 * The authorise step: every need of the operation through the one port, with the request's condition values, and the
 * sentence a refused caller gets (spec access 7).
 */
import type { AccessDecision, AccessRequest } from "../../base/access.ts";
import { accountOf, type Caller } from "../../base/caller.ts";
import type { DecisionSteps } from "../../base/decision-steps.ts";
import { fail, ServiceError } from "../../base/errors.ts";
import type { AccountId } from "../../base/ids.ts";
import type { Bucket } from "../../objects/api.ts";
import { NeedValues } from "./need-values.ts";
import type { Need } from "./operation.ts";
import type { S3Request } from "./request.ts";

export function resourceOf(need: Need): string {
  if (need.bucket === undefined) return "*";
  const bucket = typeof need.bucket === "string" ? need.bucket : need.bucket.name;
  return need.key === undefined ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${need.key}`;
}

/** All needs must be allowed. Throws AccessDenied with the sentence of the first that is not. At once where it can. */
export function authorise(req: S3Request, needs: readonly Need[]): void | Promise<void> {
  let i = 0;
  for (const need of needs) {
    const decision = ask(req, need);
    if (decision instanceof Promise) return authoriseRest(req, needs.slice(i), decision);
    if (decision.kind !== "allow") deny(req.caller, need, decision);
    i++;
  }
}

async function authoriseRest(
  req: S3Request,
  needs: readonly Need[],
  first: Promise<AccessDecision>,
): Promise<void> {
  for (const [i, need] of needs.entries()) {
    const decision = await (i === 0 ? first : ask(req, need));
    if (decision.kind !== "allow") deny(req.caller, need, decision);
  }
}

/** The same question without the exception: per-key decisions of DeleteObjects, existence hiding. */
export async function decide(req: S3Request, need: Need, steps?: DecisionSteps): Promise<AccessDecision> {
  return ask(req, need, steps);
}

/** A caller who may not list must not learn which keys exist: the denial names s3:ListBucket (spec access 7). */
export async function hideMissing(
  req: S3Request,
  bucket: Bucket,
  error: unknown,
  steps?: DecisionSteps,
): Promise<unknown> {
  if (!(error instanceof ServiceError)) return error;
  const isMarker = error.code === "MethodNotAllowed" && req.query.get("versionId") === undefined;
  if (error.code !== "NoSuchKey" && error.code !== "NoSuchVersion" && !isMarker) return error;
  const need: Need = { action: "s3:ListBucket", bucket };
  const decision = await decide(req, need, steps);
  if (decision.kind === "allow") return error;
  try {
    return deny(req.caller, need, decision);
  } catch (denied) {
    return denied;
  }
}

function ask(req: S3Request, need: Need, steps?: DecisionSteps): AccessDecision | Promise<AccessDecision> {
  const bucket: Bucket | undefined = typeof need.bucket === "string" ? undefined : need.bucket;
  const conditions = new NeedValues(req, need);
  const request: AccessRequest = {
    action: need.action,
    resource: resourceOf(need),
    resourceAccount: bucket?.owner ?? ownAccount(req.caller),
    conditions,
    ...(steps === undefined ? {} : { steps }),
    ...(bucket?.policy === undefined ? {} : { resourcePolicy: bucket.policy }),
    ...(bucket?.publicAccess?.restrictBuckets === true ? { restrictPublic: true } : {}),
  };
  const decision = req.deps.authoriser.decide(req.caller, request);
  if (!(decision instanceof Promise) && conditions.complete) return decision;
  return settled(req, request, conditions, decision);
}

/** Decides again with what the decision before had to do without. */
async function settled(
  req: S3Request,
  request: AccessRequest,
  conditions: NeedValues,
  first: AccessDecision | Promise<AccessDecision>,
): Promise<AccessDecision> {
  let decision = await first;
  while (!conditions.complete) {
    await conditions.load();
    decision = await req.deps.authoriser.decide(req.caller, request);
  }
  return decision;
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
