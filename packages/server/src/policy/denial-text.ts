/** The sentences that AWS answers a denial with (spec access section 7). SDK users read them; some tools parse them. */
import type { Decision, Missing, PolicySource } from "./decision.ts";
import type { Question } from "./evaluation.ts";
import { accountOf } from "./principal.ts";

const NAMES: Readonly<Record<PolicySource, string>> = {
  identity: "identity-based policy",
  resource: "resource-based policy",
  session: "session policy",
  boundary: "permissions boundary",
  "guard-rail": "service control policy",
};
const isSource = (word: string): word is PolicySource => Object.hasOwn(NAMES, word);

/** `because no ... allows the ... action` or `with an explicit deny in ...`; empty when there is nothing to tell. */
export function denialReason(decision: Decision, action: string): string {
  switch (decision.effect) {
    case "allow":
      return "";
    case "explicit-deny": {
      const { source } = decision.by;
      if (!isSource(source)) return "";
      return `with an explicit deny in ${source === "identity" ? "an" : "a"} ${NAMES[source]}`;
    }
    case "implicit-deny":
      return because(decision.missing, action);
  }
}
const because = (missing: Missing, action: string): string =>
  isSource(missing) ? `because no ${NAMES[missing]} allows the ${action} action` : "";

const PLAIN = "Access Denied";

/**
 * S3 explains itself only to authenticated callers of the account that owns the resource; everybody else, and every denial
 * without a policy reason, gets `Access Denied`. The resource is quoted, and left out where the action has none.
 */
export function s3DenialText(decision: Decision, question: Question): string {
  const { principal, action, resource, resourceAccount } = question;
  const reason = denialReason(decision, action);
  const account = accountOf(principal);
  if (reason === "" || account === undefined || !("arn" in principal)) return PLAIN;
  if (resourceAccount !== undefined && resourceAccount !== account) return PLAIN;
  const where = resource === "*" ? "" : ` on resource: "${resource}"`;
  return `User: ${principal.arn} is not authorized to perform: ${action}${where} ${reason}`;
}

/** KMS, IAM and STS name the resource unquoted; S3 passes the KMS sentence on in its own AccessDenied. */
export function serviceDenialText(decision: Decision, question: Question): string {
  const { principal, action, resource } = question;
  const reason = denialReason(decision, action);
  const who = "arn" in principal ? principal.arn : "anonymous";
  return `User: ${who} is not authorized to perform: ${action} on resource: ${resource}${reason === "" ? "" : ` ${reason}`}`;
}

/** PutBucketPolicy under BlockPublicPolicy. */
export function blockPublicPolicyText(question: Question): string {
  const { principal, action, resource } = question;
  if (!("arn" in principal)) return PLAIN;
  return `User: ${principal.arn} is not authorized to perform: ${action} on resource: "${resource}" because public policies are blocked by the BlockPublicPolicy block public access setting.`;
}
