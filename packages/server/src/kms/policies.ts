/** Key policies: the two that the service writes itself, byte for byte, and what every other must satisfy (spec kms 9). */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { KEY_POLICY_BYTES_MAX } from "../base/limits.ts";

/** Spec kms 9.1, exactly as recorded. This statement is what lets identity policies govern the key. */
export const defaultPolicy = (account: AccountId): string =>
  `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::${account}:root"},"Action":"kms:*","Resource":"*"}]}`;

/** Spec kms 9.4: usable by whomever S3 lets in, through S3 only. It gives no role separation. */
export const managedPolicy = (account: AccountId, region: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Id: "auto-s3-2",
    Statement: [
      {
        Sid: "Allow access through S3 for all principals in the account that are authorized to use S3",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        Resource: "*",
        Condition: {
          StringEquals: { "kms:CallerAccount": account, "kms:ViaService": `s3.${region}.amazonaws.com` },
        },
      },
      {
        Sid: "Allow direct access to key metadata to the account",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ["kms:Describe*", "kms:Get*", "kms:List*"],
        Resource: "*",
      },
    ],
  });

const malformed = (why: string, cause?: unknown): never =>
  fail("MalformedPolicyDocumentException", { message: why, ...(cause === undefined ? {} : { cause }) });

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    return malformed("The policy is not valid JSON.", cause);
  }
}

const VERSIONS: readonly unknown[] = ["2012-10-17", "2008-10-17"];

/**
 * The shape of a key policy (spec kms 9.2). Throws LimitExceededException, MalformedPolicyDocumentException. A statement
 * without Action or Resource is accepted: it matches nothing.
 */
export function checkPolicy(text: string): void {
  if (Buffer.byteLength(text) > KEY_POLICY_BYTES_MAX)
    fail("LimitExceededException", `The key policy exceeds ${KEY_POLICY_BYTES_MAX} bytes.`);
  const document = parseJson(text);
  if (!isObject(document)) return malformed("The policy is not a JSON object.");
  if (document.Version !== undefined && !VERSIONS.includes(document.Version))
    malformed("The policy's Version is not supported.");
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  for (const statement of statements) checkStatement(statement);
}

function checkStatement(statement: unknown): void {
  if (!isObject(statement)) return malformed("The policy has no statement, or one that is not an object.");
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny")
    malformed("A policy statement needs an Effect of Allow or Deny.");
  if (statement.Principal === undefined && statement.NotPrincipal === undefined)
    malformed("A key policy statement needs a Principal.");
}
