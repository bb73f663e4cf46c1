/** Key policies: the two that the service writes itself, byte for byte, and what every other must satisfy (spec kms 9). */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import {
  keyPolicyFailure,
  type ParseResult,
  parsePolicy,
  type Policy,
  type PolicyFailure,
} from "../policy/index.ts";
import type { KeyRecord } from "./model.ts";

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
  const failure = keyPolicyFailure(accepted(parsePolicy(text, "key")));
  if (failure !== undefined) refuse(failure);
}

const accepted = (parsed: ParseResult): Policy => (parsed.ok ? parsed.policy : refuse(parsed.failure));

const refuse = ({ code, message }: PolicyFailure): never =>
  fail(code === "LimitExceededException" ? code : "MalformedPolicyDocumentException", message);

/** Who the principals of key policies are; the identity layer knows. */
export interface KeyPrincipals {
  /** Parses a policy that is being put; its `bindings` are to be kept beside the text. */
  bind(text: string): Promise<ParseResult>;
  /** The text as it is shown today: present ARNs, and bare ids of principals that are gone. */
  present(text: string, bindings: ReadonlyMap<string, string>): Promise<string>;
  /** The unique id of a user, role or session; the ARN itself where it has none; undefined for what is not there. */
  idOf(arn: string): Promise<string | undefined>;
  /** The present ARN of a unique id, undefined when it is gone. */
  arnOf(id: string): Promise<string | undefined>;
}

/** What a key's record holds of a policy. Throws as `checkPolicy`, and for principals that do not exist (spec kms 9.2). */
export async function boundPolicy(
  principals: KeyPrincipals | undefined,
  text: string,
): Promise<Pick<KeyRecord, "policy" | "policyBindings">> {
  checkPolicy(text);
  if (principals === undefined) return { policy: text };
  return { policy: text, policyBindings: Object.fromEntries(accepted(await principals.bind(text)).bindings) };
}

/** As a resource policy of a request. */
export const bindingsOf = ({
  policyBindings,
}: Pick<KeyRecord, "policyBindings">): { readonly bindings?: ReadonlyMap<string, string> } =>
  policyBindings === undefined ? {} : { bindings: new Map(Object.entries(policyBindings)) };
