/** Policy documents on their way in: what IAM refuses, in its words, and its quotas (spec access 3.3). */
import { fail } from "../base/errors.ts";
import {
  MANAGED_POLICY_CHARS_MAX,
  STORED_POLICY_BYTES_MAX,
  STORED_TRUST_BYTES_MAX,
  TRUST_POLICY_CHARS_MAX,
} from "../base/limits.ts";
import {
  type Policy,
  type PolicyFailure,
  type PolicyKind,
  parsePolicy,
  policyCharacters,
} from "../policy/index.ts";

/** Throws MalformedPolicyDocument or LimitExceeded. */
export function refuseDocument(failure: PolicyFailure): never {
  const limit = failure.code === "LimitExceeded" || failure.code === "LimitExceededException";
  fail(limit ? "LimitExceeded" : "MalformedPolicyDocument", failure.message);
}

export function checkedPolicy(text: string, kind: PolicyKind): Policy {
  const parsed = parsePolicy(text, kind);
  return parsed.ok ? parsed.policy : refuseDocument(parsed.failure);
}

/** One row holds a document; white space in such amounts is nobody's policy. */
export function checkStoredSize(text: string, bytesMax = STORED_POLICY_BYTES_MAX): void {
  if (Buffer.byteLength(text) > bytesMax)
    fail("LimitExceeded", `A policy document may have ${bytesMax} bytes, white space included.`);
}

export function checkManagedDocument(text: string): void {
  checkStoredSize(text);
  // In older ones a policy variable is plain text, which nobody writes into a new policy.
  if (checkedPolicy(text, "identity").version !== "2012-10-17")
    fail("MalformedPolicyDocument", "Policy document must be version 2012-10-17 or greater.");
  if (policyCharacters(text) > MANAGED_POLICY_CHARS_MAX)
    fail("LimitExceeded", `Cannot exceed quota for PolicySize: ${MANAGED_POLICY_CHARS_MAX}`);
}

export function checkTrustSize(text: string): void {
  checkStoredSize(text, STORED_TRUST_BYTES_MAX);
  if (policyCharacters(text) > TRUST_POLICY_CHARS_MAX)
    fail("LimitExceeded", `Cannot exceed quota for ACLSizePerRole: ${TRUST_POLICY_CHARS_MAX}`);
}
