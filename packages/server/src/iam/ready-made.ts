/**
 * Managed policies that come with the product and can be attached in every account: some of AWS's, under their ARNs, so
 * that existing scripts work, and the four roles that separate storage from keys.
 */
import type { Document } from "./entity-records.ts";

export interface ReadyMade {
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly description: string;
  readonly document: Document;
}

type Statement = Readonly<Record<string, unknown>>;
const allow = (actions: readonly string[], more: Statement = {}): Statement => ({
  Effect: "Allow",
  Action: actions.length === 1 ? actions[0] : actions,
  Resource: "*",
  ...more,
});

function readyMade(name: string, description: string, ...statements: readonly Statement[]): ReadyMade {
  // A fixed id of the usual shape: letters of the name, padded.
  const letters = name.toUpperCase().replace(/[^A-Z2-7]/g, "");
  return {
    id: `ANPA${letters.slice(0, 17).padEnd(17, "A")}`,
    name,
    arn: `arn:aws:iam::aws:policy/${name}`,
    description,
    document: { text: JSON.stringify({ Version: "2012-10-17", Statement: statements }, undefined, 4) },
  };
}

const KEY_ADMINISTRATION = [
  "kms:CancelKeyDeletion",
  "kms:Create*",
  "kms:Delete*",
  "kms:Describe*",
  "kms:Disable*",
  "kms:Enable*",
  "kms:Get*",
  "kms:ImportKeyMaterial",
  "kms:List*",
  "kms:Put*",
  "kms:RevokeGrant",
  "kms:RotateKeyOnDemand",
  "kms:ScheduleKeyDeletion",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:Update*",
];

const LIST: readonly ReadyMade[] = [
  readyMade("AdministratorAccess", "Everything, except what key policies keep back.", allow(["*"])),
  readyMade(
    "AmazonS3FullAccess",
    "Everything in S3. No use of keys: that is what separates storage from keys.",
    allow(["s3:*", "s3-object-lambda:*"]),
  ),
  readyMade(
    "AmazonS3ReadOnlyAccess",
    "Reading in S3.",
    allow(["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"]),
  ),
  readyMade(
    "AWSKeyManagementServicePowerUser",
    "Making and describing keys, without using them.",
    allow([
      "kms:CreateAlias",
      "kms:CreateKey",
      "kms:DeleteAlias",
      "kms:Describe*",
      "kms:GenerateRandom",
      "kms:Get*",
      "kms:List*",
      "kms:TagResource",
      "kms:UntagResource",
      "iam:ListGroups",
      "iam:ListRoles",
      "iam:ListUsers",
    ]),
  ),
  readyMade("IAMFullAccess", "Everything in IAM.", allow(["iam:*"])),
  readyMade(
    "IAMReadOnlyAccess",
    "Reading in IAM.",
    allow(["iam:Get*", "iam:List*", "iam:SimulateCustomPolicy", "iam:SimulatePrincipalPolicy"]),
  ),
  readyMade(
    "StorageAdministrator",
    "All of S3 and no key: can configure and delete, and reads nothing that a key protects.",
    allow(["s3:*"]),
    allow(["kms:DescribeKey", "kms:ListAliases", "kms:ListKeys"]),
  ),
  readyMade(
    "KeyAdministrator",
    "Administers keys and can neither use them nor hand out their use.",
    allow(KEY_ADMINISTRATION),
    allow(["iam:ListGroups", "iam:ListRoles", "iam:ListUsers"]),
    { Effect: "Deny", Action: "kms:CreateGrant", Resource: "*" },
  ),
  readyMade(
    "KeyUser",
    "Uses the keys whose policies let identity policies decide.",
    allow(["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]),
  ),
  readyMade(
    "Auditor",
    "Sees keys, policies, configuration and the trail. Reads no object, uses no key, changes nothing.",
    allow([
      "kms:DescribeKey",
      "kms:GetKeyLastUsage",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:GetPublicKey",
      "kms:List*",
    ]),
    allow(["iam:Get*", "iam:List*", "iam:SimulateCustomPolicy", "iam:SimulatePrincipalPolicy"]),
    allow(["cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:LookupEvents"]),
    allow([
      "s3:GetAccountPublicAccessBlock",
      "s3:GetBucket*",
      "s3:GetEncryptionConfiguration",
      "s3:GetInventoryConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:GetReplicationConfiguration",
      "s3:ListAllMyBuckets",
      "s3:ListBucket",
      "s3:ListBucketVersions",
    ]),
  ),
];

/** By ARN, in the order of their names. */
export const READY_MADE: ReadonlyMap<string, ReadyMade> = new Map(
  LIST.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((policy) => [policy.arn, policy]),
);
/** What their dates show: they do not change. */
export const READY_MADE_MS: number = Date.UTC(2026, 0, 1);
