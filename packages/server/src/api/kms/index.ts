/** The operations of the key service. Routes, metric names and the support table of the docs come from this list. */
import type { KmsOperation } from "./operation.ts";
import { CancelKeyDeletion } from "./ops/cancel-key-deletion.ts";
import { CreateAlias } from "./ops/create-alias.ts";
import { CreateGrant } from "./ops/create-grant.ts";
import { CreateKey } from "./ops/create-key.ts";
import { Decrypt } from "./ops/decrypt.ts";
import { DeleteAlias } from "./ops/delete-alias.ts";
import { DeleteImportedKeyMaterial } from "./ops/delete-imported-key-material.ts";
import { DeriveSharedSecret } from "./ops/derive-shared-secret.ts";
import { DescribeCustomKeyStores } from "./ops/describe-custom-key-stores.ts";
import { DescribeKey } from "./ops/describe-key.ts";
import { DisableKeyRotation } from "./ops/disable-key-rotation.ts";
import { DisableKey } from "./ops/disable-key.ts";
import { EnableKeyRotation } from "./ops/enable-key-rotation.ts";
import { EnableKey } from "./ops/enable-key.ts";
import { Encrypt } from "./ops/encrypt.ts";
import { GenerateDataKeyPairWithoutPlaintext } from "./ops/generate-data-key-pair-without-plaintext.ts";
import { GenerateDataKeyPair } from "./ops/generate-data-key-pair.ts";
import { GenerateDataKeyWithoutPlaintext } from "./ops/generate-data-key-without-plaintext.ts";
import { GenerateDataKey } from "./ops/generate-data-key.ts";
import { GenerateMac } from "./ops/generate-mac.ts";
import { GenerateRandom } from "./ops/generate-random.ts";
import { GetKeyLastUsage } from "./ops/get-key-last-usage.ts";
import { GetKeyPolicy } from "./ops/get-key-policy.ts";
import { GetKeyRotationStatus } from "./ops/get-key-rotation-status.ts";
import { GetParametersForImport } from "./ops/get-parameters-for-import.ts";
import { GetPublicKey } from "./ops/get-public-key.ts";
import { ImportKeyMaterial } from "./ops/import-key-material.ts";
import { ListAliases } from "./ops/list-aliases.ts";
import { ListGrants } from "./ops/list-grants.ts";
import { ListKeyPolicies } from "./ops/list-key-policies.ts";
import { ListKeyRotations } from "./ops/list-key-rotations.ts";
import { ListKeys } from "./ops/list-keys.ts";
import { ListResourceTags } from "./ops/list-resource-tags.ts";
import { ListRetirableGrants } from "./ops/list-retirable-grants.ts";
import { PutKeyPolicy } from "./ops/put-key-policy.ts";
import { ReEncrypt } from "./ops/re-encrypt.ts";
import { RetireGrant } from "./ops/retire-grant.ts";
import { RevokeGrant } from "./ops/revoke-grant.ts";
import { RotateKeyOnDemand } from "./ops/rotate-key-on-demand.ts";
import { ScheduleKeyDeletion } from "./ops/schedule-key-deletion.ts";
import { Sign } from "./ops/sign.ts";
import { TagResource } from "./ops/tag-resource.ts";
import { UntagResource } from "./ops/untag-resource.ts";
import { UpdateAlias } from "./ops/update-alias.ts";
import { UpdateKeyDescription } from "./ops/update-key-description.ts";
import { VerifyMac } from "./ops/verify-mac.ts";
import { Verify } from "./ops/verify.ts";

const LIST: readonly KmsOperation[] = [
  CancelKeyDeletion,
  CreateAlias,
  CreateGrant,
  CreateKey,
  Decrypt,
  DeleteAlias,
  DeleteImportedKeyMaterial,
  DeriveSharedSecret,
  DescribeCustomKeyStores,
  DescribeKey,
  DisableKeyRotation,
  DisableKey,
  EnableKeyRotation,
  EnableKey,
  Encrypt,
  GenerateDataKeyPairWithoutPlaintext,
  GenerateDataKeyPair,
  GenerateDataKeyWithoutPlaintext,
  GenerateDataKey,
  GenerateMac,
  GenerateRandom,
  GetKeyLastUsage,
  GetKeyPolicy,
  GetKeyRotationStatus,
  GetParametersForImport,
  GetPublicKey,
  ImportKeyMaterial,
  ListAliases,
  ListGrants,
  ListKeyPolicies,
  ListKeyRotations,
  ListKeys,
  ListResourceTags,
  ListRetirableGrants,
  PutKeyPolicy,
  ReEncrypt,
  RetireGrant,
  RevokeGrant,
  RotateKeyOnDemand,
  ScheduleKeyDeletion,
  Sign,
  TagResource,
  UntagResource,
  UpdateAlias,
  UpdateKeyDescription,
  VerifyMac,
  Verify,
];

export const OPERATIONS: ReadonlyMap<string, KmsOperation> = new Map(LIST.map((op) => [op.name, op]));

/** What KMS has besides (API model 2014-11-01): refused by name, so that nobody takes it for a typing error. */
export const UNSUPPORTED: ReadonlySet<string> = new Set([
  "ConnectCustomKeyStore",
  "CreateCustomKeyStore",
  "DeleteCustomKeyStore",
  "DisconnectCustomKeyStore",
  "ReplicateKey",
  "UpdateCustomKeyStore",
  "UpdatePrimaryRegion",
]);
