/**
 * What every operation on a key asks of the key, as data: its action, whether aliases name the key, whether a foreign
 * account may call it, which states it tolerates, and what the AWS-managed key thinks of it (spec kms 2, 4, 9.4, 16).
 */
import type { StateRule } from "./states.ts";

export interface OperationRule {
  readonly action: string;
  /** KeyId may be an alias name or alias ARN. */
  readonly aliases: boolean;
  readonly crossAccount: boolean;
  readonly states: StateRule;
  /** The AWS-managed key: metadata is open to its account, cryptography goes through S3 only, the rest is refused. */
  readonly managed: "open" | "viaS3" | "refused" | "refusedRotation";
  /** Policies may ask how long the key has not been used. */
  readonly asksLastUse?: true;
}

const cryptography = (action: string): OperationRule => ({
  action: `kms:${action}`,
  aliases: true,
  crossAccount: true,
  states: "cryptography",
  managed: "viaS3",
});
const reading = (action: string, more: Partial<OperationRule> = {}): OperationRule => ({
  action: `kms:${action}`,
  aliases: false,
  crossAccount: false,
  states: "anyState",
  managed: "open",
  ...more,
});
const administration = (action: string, states: StateRule): OperationRule => ({
  action: `kms:${action}`,
  aliases: false,
  crossAccount: false,
  states,
  managed: "refused",
});
const rotation = (action: string, states: StateRule): OperationRule => ({
  ...administration(action, states),
  managed: "refusedRotation",
});

export const OPERATIONS = {
  Encrypt: cryptography("Encrypt"),
  Decrypt: cryptography("Decrypt"),
  ReEncryptFrom: cryptography("ReEncryptFrom"),
  ReEncryptTo: cryptography("ReEncryptTo"),
  GenerateDataKey: cryptography("GenerateDataKey"),
  GenerateDataKeyWithoutPlaintext: cryptography("GenerateDataKeyWithoutPlaintext"),
  GenerateDataKeyPair: cryptography("GenerateDataKeyPair"),
  GenerateDataKeyPairWithoutPlaintext: cryptography("GenerateDataKeyPairWithoutPlaintext"),
  GenerateMac: cryptography("GenerateMac"),
  VerifyMac: cryptography("VerifyMac"),
  Sign: cryptography("Sign"),
  Verify: cryptography("Verify"),
  GetPublicKey: cryptography("GetPublicKey"),
  DeriveSharedSecret: cryptography("DeriveSharedSecret"),
  DescribeKey: reading("DescribeKey", { aliases: true, crossAccount: true }),
  GetKeyPolicy: reading("GetKeyPolicy"),
  ListKeyPolicies: reading("ListKeyPolicies"),
  ListResourceTags: reading("ListResourceTags"),
  GetKeyLastUsage: reading("GetKeyLastUsage"),
  GetKeyRotationStatus: reading("GetKeyRotationStatus", { crossAccount: true }),
  ListGrants: reading("ListGrants", { crossAccount: true }),
  RevokeGrant: { ...administration("RevokeGrant", "anyState"), crossAccount: true },
  CreateGrant: { ...administration("CreateGrant", "grantCreation"), crossAccount: true },
  PutKeyPolicy: administration("PutKeyPolicy", "anyState"),
  UpdateKeyDescription: administration("UpdateKeyDescription", "notPendingDeletion"),
  EnableKey: administration("EnableKey", "toggle"),
  DisableKey: { ...administration("DisableKey", "toggle"), asksLastUse: true },
  ScheduleKeyDeletion: { ...administration("ScheduleKeyDeletion", "scheduleDeletion"), asksLastUse: true },
  CancelKeyDeletion: administration("CancelKeyDeletion", "cancelDeletion"),
  TagResource: administration("TagResource", "notPendingDeletion"),
  UntagResource: administration("UntagResource", "notPendingDeletion"),
  CreateAlias: administration("CreateAlias", "notPendingDeletion"),
  UpdateAlias: administration("UpdateAlias", "notPendingDeletion"),
  EnableKeyRotation: rotation("EnableKeyRotation", "rotationSetting"),
  DisableKeyRotation: rotation("DisableKeyRotation", "rotationSetting"),
  RotateKeyOnDemand: rotation("RotateKeyOnDemand", "rotateOnDemand"),
  ListKeyRotations: reading("ListKeyRotations"),
  GetParametersForImport: administration("GetParametersForImport", "importParameters"),
  ImportKeyMaterial: administration("ImportKeyMaterial", "importMaterial"),
  DeleteImportedKeyMaterial: administration("DeleteImportedKeyMaterial", "deleteMaterial"),
  /** The key that an alias leaves (UpdateAlias) or loses (DeleteAlias) may be in any state. */
  UpdateAliasFrom: administration("UpdateAlias", "anyState"),
  DeleteAlias: administration("DeleteAlias", "anyState"),
} as const satisfies Record<string, OperationRule>;
export type KeyOperation = keyof typeof OPERATIONS;
