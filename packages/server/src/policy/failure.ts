/**
 * What can be wrong with a policy document, and the words each service has for it. SDKs and suites match on codes and on some
 * of the texts; where AWS's text is not known, ours says plainly what is wrong.
 */
import type { PolicyKind } from "./policy.ts";

/** `about` is the offending name or value; empty where there is none. */
export interface PolicyProblem {
  readonly is: ProblemName;
  readonly about: string;
}

export type ProblemName =
  | "json"
  | "size"
  /** Too many statements or values. */
  | "count"
  | "version"
  | "statement-missing"
  | "statement-empty"
  | "element-unknown"
  | "element-missing"
  | "element-forbidden"
  /** A value of the wrong JSON type, or an element beside its negation. */
  | "element-shape"
  | "effect"
  | "sid"
  | "sid-repeated"
  | "principal"
  | "not-principal-allow"
  | "action"
  | "resource"
  | "operator"
  | "condition-value"
  /** Bucket policies: unknown, or not for these actions. */
  | "condition-key"
  | "condition-combination"
  | "action-resource"
  /** Key policies: ForAllValues on a key that has one value. */
  | "condition-set"
  /** Key policies: see `keepsControl`. */
  | "lockout";

/** Codes on the wire: S3, IAM and STS, KMS. The last two are for size alone. */
export type PolicyFailureCode =
  | "MalformedPolicy"
  | "MalformedPolicyDocument"
  | "MalformedPolicyDocumentException"
  | "LimitExceeded"
  | "LimitExceededException";

export interface PolicyFailure {
  readonly code: PolicyFailureCode;
  readonly message: string;
  readonly problem: PolicyProblem;
}

export function policyFailure(kind: PolicyKind, is: ProblemName, about = ""): PolicyFailure {
  const family = kind === "bucket" ? "bucket" : kind === "key" ? "key" : "identity";
  const { malformed, size } = CODES[family];
  const text = (kind === "trust" ? TRUST[is] : undefined) ?? TEXTS[family][is] ?? COMMON[is];
  return {
    code: is === "size" ? size : malformed,
    message: text?.(about) ?? "Syntax errors in policy.",
    problem: { is, about },
  };
}

type Family = "bucket" | "key" | "identity";
type Texts = { readonly [is in ProblemName]?: (about: string) => string };

const CODES: Readonly<Record<Family, { malformed: PolicyFailureCode; size: PolicyFailureCode }>> = {
  bucket: { malformed: "MalformedPolicy", size: "MalformedPolicy" },
  key: { malformed: "MalformedPolicyDocumentException", size: "LimitExceededException" },
  identity: { malformed: "MalformedPolicyDocument", size: "LimitExceeded" },
};

const COMMON: Texts = {
  count: () => "The policy has too many statements or values.",
  "not-principal-allow": () => "NotPrincipal with Effect Allow would include everyone, and is refused.",
  operator: (name) => `Invalid Condition type : ${name}`,
  "condition-value": (condition) => `The condition ${condition} has a value of the wrong type.`,
};

const TRUST: Texts = {
  "element-forbidden": (name) => `Has prohibited field ${name}`,
  action: () => "AssumeRole policy may only specify STS AssumeRole actions.",
};

const MISSING_IN_IDENTITY: ReadonlyMap<string, string> = new Map([
  ["Principal", "Missing required field Principal"],
  ["Resource", "Policy statement must contain resources."],
  ["Action", "Policy statement must contain actions."],
]);

const TEXTS: Readonly<Record<Family, Texts>> = {
  bucket: {
    json: () => "Policies must be valid JSON and the first byte must be '{'",
    size: () => "Policy exceeds the maximum allowed document size.",
    version: () => "The policy must contain a valid version string",
    "statement-missing": () => "Missing required field Statement",
    "statement-empty": () => "Could not parse the policy: Statement is empty!",
    "element-missing": (name) => `Missing required field ${name}`,
    "element-unknown": (name) => `Unknown field ${name}`,
    "element-shape": (name) => `Invalid value for field ${name}`,
    effect: (value) => `Invalid effect: ${value}`,
    principal: () => "Invalid principal in policy",
    action: () => "Policy has invalid action",
    resource: () => "Policy has invalid resource",
    "action-resource": () => "Action does not apply to any resource(s) in statement",
    "condition-key": () => "Policy has an invalid condition key",
    "condition-combination": () =>
      "Conditions do not apply to combination of actions and resources in statement",
  },
  key: {
    json: () => "The policy is not valid JSON, or has characters that a key policy may not have.",
    size: () => "The key policy exceeds the maximum size of 32768 bytes.",
    principal: () => "Policy contains a statement with one or more invalid principals.",
    "condition-set": (key) => {
      const what = key.startsWith("kms:") ? "encryption context" : "tag";
      return `OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified ${what} or with an unspecified ${what}. To fix, remove ForAllValues.`;
    },
    lockout: () => "The new key policy will not allow you to update the key policy in the future.",
  },
  identity: {
    json: () => "This policy contains invalid Json",
    size: () => "Cannot exceed the maximum size of a policy document.",
    "element-missing": (name) => MISSING_IN_IDENTITY.get(name) ?? "Syntax errors in policy.",
    "element-forbidden": () => "Policy document should not specify a principal.",
    principal: (value) => `Invalid principal in policy: ${value}`,
    action: () => "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    resource: (value) => `Resource ${value} must be in ARN format or "*".`,
    sid: () =>
      "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    "sid-repeated": () => "Statement IDs (SID) in a single policy must be unique.",
  },
};
