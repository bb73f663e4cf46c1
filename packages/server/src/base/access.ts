/**
 * The authorise step's port: what is asked for, and the one function that decides. The store's first release decides by
 * ownership; the policy engine takes its place without a change on either side.
 */
import type { Caller } from "./caller.ts";
import type { DecisionSteps } from "./decision-steps.ts";
import type { AccountId } from "./ids.ts";

/**
 * Condition values by lower-case key (`s3:x-amz-server-side-encryption`), asked for one by one while deciding: a Map, or
 * something that works a value out when it is asked for. A key that the request does not carry is absent.
 */
export interface ConditionValues {
  get(key: string): string | readonly string[] | undefined;
}

export interface AccessRequest {
  /** `s3:GetObject`, `kms:Decrypt` … */
  readonly action: string;
  /** ARN of the resource, or `*` for actions without one. */
  readonly resource: string;
  /** Owner of the resource; for `*` the caller's own account. */
  readonly resourceAccount: AccountId;
  /** Text of the resource's own policy (bucket policy, key policy) and its revision for caching, where there is one. */
  readonly resourcePolicy?: ResourcePolicy;
  readonly conditions: ConditionValues;
  /** RestrictPublicBuckets: if the resource's policy is public, other accounts are shut out. */
  readonly restrictPublic?: boolean;
  /** Uses of KMS keys: the encryption context, and the grants of the key that may be the caller's. */
  readonly encryptionContext?: ReadonlyMap<string, string> | undefined;
  readonly grants?: readonly KeyGrant[];
  /** Of a request that asks many questions: what they may cost together. */
  readonly steps?: DecisionSteps;
}

export interface ResourcePolicy {
  readonly text: string;
  readonly revision: string;
  /** Which unique id each principal ARN in the text stood for when it was put (spec kms 9.2). Absent: ARNs decide. */
  readonly bindings?: ReadonlyMap<string, string>;
}

/** A grant on a KMS key as it is decided by (spec kms section 8). */
export interface KeyGrant {
  readonly id: string;
  /** ARN of an account root, user, role, session or federated user. */
  readonly grantee: string;
  /** Without the `kms:` prefix. */
  readonly operations: ReadonlySet<string>;
  readonly constraint?: {
    readonly kind: "subset" | "equals";
    readonly pairs: ReadonlyMap<string, string>;
  };
}

export type AccessDecision =
  /** `grantId`: it was this grant of a KMS key that allowed it. */
  | { readonly kind: "allow"; readonly grantId?: string }
  | { readonly kind: "explicit-deny"; readonly reason: string }
  | { readonly kind: "implicit-deny"; readonly reason: string };

export interface Authoriser {
  /** Never throws for a denial. An error while deciding denies. */
  decide(caller: Caller, request: AccessRequest): AccessDecision | Promise<AccessDecision>;
}
