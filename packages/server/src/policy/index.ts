/**
 * Policies: text in, decision out. Pure, synchronous, no I/O; nothing here knows where policies are stored.
 *
 *     const parsed = parsePolicy(text, "bucket", { bucket: "photos" });   // once per stored revision; cache the Policy
 *     if (!parsed.ok) fail("MalformedPolicy", parsed.failure.message);
 *
 *     const decision = decide({                                           // per (action, resource); decideAll for several
 *       principal, action: "s3:GetObject", resource: "arn:aws:s3:::photos/cat.jpg", resourceAccount: "111122223333",
 *       context: new Map([["aws:securetransport", "true"]]),              // lower-case keys; or anything with get(key)
 *       policies: { identity, boundary, session, resource: parsed.policy },
 *     });
 *     if (decision.effect !== "allow") fail("AccessDenied", s3DenialText(decision, request));
 *
 * - Storing: `parsePolicy` with `resolve` binds principals to unique ids and refuses those that don't exist; keep
 *   `policy.bindings` beside the text and hand it back as `bindings` when loading. GET shows `presentPolicy(text, ...)`.
 * - KMS keys: `decideKeyAccess` with the key's grants; `keepsControl` is the lockout check. Aliases and key-less actions:
 *   `decide`. Role trust: `decideAssumeRole`. A store without policies: `ownerOnly`.
 * - `policy.isPublic` is what BlockPublicPolicy and GetBucketPolicyStatus go by; `restrictPublic` in a request is
 *   RestrictPublicBuckets.
 * - The evaluator itself supplies every condition key that follows from principal, resource account or encryption context:
 *   aws:PrincipalArn, PrincipalAccount, PrincipalType, PrincipalTag/*, PrincipalIsAWSService, userid, username,
 *   ResourceAccount, s3:ResourceAccount, kms:CallerAccount, kms:EncryptionContext:*, kms:EncryptionContextKeys. The context
 *   supplies the rest.
 * - Condition keys of ours, always present on writes: `strongroom:effective-encryption` (AES256, aws:kms, aws:kms:dsse,
 *   SSE-C) and `strongroom:effective-kms-key-id` (key ARN; absent without KMS), both after bucket defaults.
 */
export {
  IAM_ACTIONS,
  isKnownAction,
  KMS_ACTIONS,
  type KmsAction,
  S3_ACTIONS,
  type S3ResourceKind,
  STS_ACTIONS,
} from "./actions.ts";
export { presentPolicy } from "./bindings.ts";
export type { AccessRequest, Deciding, Decision, Missing, PolicySet, PolicySource } from "./decision.ts";
export { blockPublicPolicyText, denialReason, s3DenialText, serviceDenialText } from "./denial-text.ts";
export { decide, decideAll, ownerOnly } from "./evaluate.ts";
export type { ConditionContext, Question } from "./evaluation.ts";
export { type PolicyFailure, type PolicyFailureCode, policyFailure } from "./failure.ts";
export { type Grant, type GrantConstraint, isWithinGrant, satisfies } from "./grants.ts";
export { decideKeyAccess, type KeyAccessRequest, keepsControl } from "./key-access.ts";
export { keyPolicyFailure } from "./key-rules.ts";
export { type ParseOptions, type ParseResult, parsePolicy, policyCharacters } from "./parse.ts";
export type { Policy, PolicyKind } from "./policy.ts";
export { type Principal, parseAwsPrincipal, userIdOf } from "./principal.ts";
export { decideAssumeRole } from "./trust.ts";
