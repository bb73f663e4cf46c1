/**
 * The authorise step's port: what is asked for, and the one function that decides. The store's first release decides by
 * ownership; the policy engine takes its place without a change on either side.
 */
import type { Caller } from "./caller.ts";
import type { AccountId } from "./ids.ts";

/** Condition values by lower-case key (`s3:x-amz-server-side-encryption`). A key that the request does not carry is absent. */
export type ConditionValues = ReadonlyMap<string, string | readonly string[]>;

export interface AccessRequest {
  /** `s3:GetObject`, `kms:Decrypt` … */
  readonly action: string;
  /** ARN of the resource, or `*` for actions without one. */
  readonly resource: string;
  /** Owner of the resource; for `*` the caller's own account. */
  readonly resourceAccount: AccountId;
  /** Text of the resource's own policy (bucket policy, key policy) and its revision for caching, where there is one. */
  readonly resourcePolicy?: { readonly text: string; readonly revision: string };
  readonly conditions: ConditionValues;
}

export type AccessDecision =
  | { readonly kind: "allow" }
  | { readonly kind: "explicit-deny"; readonly reason: string }
  | { readonly kind: "implicit-deny"; readonly reason: string };

export interface Authoriser {
  /** Never throws for a denial. An error while deciding denies. */
  decide(caller: Caller, request: AccessRequest): AccessDecision | Promise<AccessDecision>;
}
