/**
 * What a record of the key service may say, by operation (spec audit sections 3 and 4). Not here, so never written:
 * plaintexts, ciphertexts, messages, MACs, signatures, key material, import tokens, grant tokens, public keys.
 */
export interface KmsRow {
  readonly request: readonly string[];
  readonly response: readonly string[];
  readonly readOnly: boolean;
  /** The key's ARN is what AWS answers for operations without an answer. */
  readonly answersKey?: boolean;
}

const reads = (...request: string[]): KmsRow => ({ request, response: [], readOnly: true });
const changes = (...request: string[]): KmsRow => ({
  request,
  response: [],
  readOnly: false,
  answersKey: true,
});
const CREATE_KEY = [
  "Description",
  "KeySpec",
  "CustomerMasterKeySpec",
  "KeyUsage",
  "Origin",
  "MultiRegion",
  "BypassPolicyLockoutSafetyCheck",
  "Policy",
  "Tags",
];

export const KMS_ROWS: Readonly<Record<string, KmsRow>> = {
  Decrypt: reads("EncryptionAlgorithm", "KeyId", "EncryptionContext", "DryRun"),
  Encrypt: reads("KeyId", "EncryptionAlgorithm", "EncryptionContext", "DryRun"),
  GenerateDataKey: reads("KeyId", "KeySpec", "NumberOfBytes", "EncryptionContext", "DryRun"),
  GenerateDataKeyWithoutPlaintext: reads("KeyId", "KeySpec", "NumberOfBytes", "EncryptionContext", "DryRun"),
  GenerateDataKeyPair: reads("KeyId", "KeyPairSpec", "EncryptionContext", "DryRun"),
  GenerateDataKeyPairWithoutPlaintext: reads("KeyId", "KeyPairSpec", "EncryptionContext", "DryRun"),
  ReEncrypt: reads(
    "SourceKeyId",
    "DestinationKeyId",
    "SourceEncryptionAlgorithm",
    "DestinationEncryptionAlgorithm",
    "SourceEncryptionContext",
    "DestinationEncryptionContext",
    "DryRun",
  ),
  GenerateMac: reads("KeyId", "MacAlgorithm", "DryRun"),
  VerifyMac: reads("KeyId", "MacAlgorithm", "DryRun"),
  Sign: reads("KeyId", "MessageType", "SigningAlgorithm", "DryRun"),
  Verify: reads("KeyId", "MessageType", "SigningAlgorithm", "DryRun"),
  DeriveSharedSecret: reads("KeyId", "KeyAgreementAlgorithm", "DryRun"),
  GenerateRandom: reads("NumberOfBytes"),
  GetPublicKey: reads("KeyId"),
  DescribeKey: reads("KeyId"),
  DescribeCustomKeyStores: reads("CustomKeyStoreId", "CustomKeyStoreName"),
  GetKeyPolicy: reads("KeyId", "PolicyName"),
  GetKeyRotationStatus: reads("KeyId"),
  GetKeyLastUsage: reads("KeyId"),
  GetParametersForImport: reads("KeyId", "WrappingAlgorithm", "WrappingKeySpec"),
  ListAliases: reads("KeyId", "Limit"),
  ListGrants: reads("KeyId", "GrantId", "GranteePrincipal", "Limit"),
  ListKeyPolicies: reads("KeyId"),
  ListKeyRotations: reads("KeyId", "IncludeKeyMaterial", "Limit"),
  ListKeys: reads("Limit"),
  ListResourceTags: reads("KeyId", "Limit"),
  ListRetirableGrants: reads("RetiringPrincipal", "Limit"),
  CreateKey: { request: CREATE_KEY, response: ["KeyMetadata"], readOnly: false },
  PutKeyPolicy: changes("KeyId", "PolicyName", "Policy", "BypassPolicyLockoutSafetyCheck"),
  CreateGrant: {
    ...changes(
      "KeyId",
      "GranteePrincipal",
      "RetiringPrincipal",
      "Operations",
      "Constraints",
      "Name",
      "DryRun",
    ),
    response: ["GrantId"],
  },
  // CloudTrail writes no parameters: the token may be one of them. Without it, they say which grant is meant.
  RetireGrant: { ...changes("KeyId", "GrantId", "DryRun"), answersKey: false },
  RevokeGrant: changes("KeyId", "GrantId", "DryRun"),
  DisableKey: changes("KeyId"),
  EnableKey: changes("KeyId"),
  EnableKeyRotation: changes("KeyId", "RotationPeriodInDays"),
  DisableKeyRotation: changes("KeyId"),
  RotateKeyOnDemand: changes("KeyId"),
  ScheduleKeyDeletion: {
    request: ["KeyId", "PendingWindowInDays"],
    response: ["KeyId", "KeyState", "DeletionDate", "PendingWindowInDays"],
    readOnly: false,
  },
  CancelKeyDeletion: changes("KeyId"),
  ImportKeyMaterial: {
    request: ["KeyId", "ValidTo", "ExpirationModel", "ImportType", "KeyMaterialId", "KeyMaterialDescription"],
    response: ["KeyId", "KeyMaterialId"],
    readOnly: false,
  },
  DeleteImportedKeyMaterial: changes("KeyId", "KeyMaterialId"),
  CreateAlias: changes("AliasName", "TargetKeyId"),
  UpdateAlias: changes("AliasName", "TargetKeyId"),
  DeleteAlias: changes("AliasName"),
  TagResource: changes("KeyId", "Tags"),
  UntagResource: changes("KeyId", "TagKeys"),
  UpdateKeyDescription: changes("KeyId", "Description"),
};

/** Operations that hand out or use key material: their records are durable before the answer leaves. */
const NO_USE = /^(Describe|Get(?!PublicKey)|List)/;
export const usesKey = (operation: string): boolean => !NO_USE.test(operation);
