/** The key policies of the scenarios (spec access 10): what separates roles, and what does not. */
import { ACCOUNT, policy, REGION } from "./world.ts";

const role = (name: string): { readonly AWS: string } => ({ AWS: `arn:aws:iam::${ACCOUNT}:role/${name}` });

export const VIA_S3 = { StringEquals: { "kms:ViaService": `s3.${REGION}.amazonaws.com` } };

/** No delegation to the account: one role administers, one uses, and that through S3 alone. */
export const STRICT = policy(
  {
    Sid: "administer",
    Principal: role("KeyAdmin"),
    Action: [
      "kms:Describe*",
      "kms:Get*",
      "kms:List*",
      "kms:Put*",
      "kms:Update*",
      "kms:Enable*",
      "kms:Disable*",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:ScheduleKeyDeletion",
      "kms:CancelKeyDeletion",
    ],
  },
  {
    Sid: "use",
    Principal: role("AppRole"),
    Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
    Condition: VIA_S3,
  },
);
