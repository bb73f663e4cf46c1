/** Key policies: the two that the service writes itself, byte for byte, and what every other must satisfy (spec kms 9). */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { parsePolicy } from "../policy/index.ts";

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

/**
 * A key policy that may be stored (spec kms 9.2). Throws LimitExceededException, MalformedPolicyDocumentException. A
 * statement without Action or Resource is accepted: it matches nothing.
 */
export function checkPolicy(text: string): void {
  const parsed = parsePolicy(text, "key");
  if (parsed.ok) return;
  const { code, message } = parsed.failure;
  fail(code === "LimitExceededException" ? code : "MalformedPolicyDocumentException", message);
}
