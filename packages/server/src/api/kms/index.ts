/** The operations of the key service. Routes, metric names and the support table of the docs come from this list. */
import type { KmsOperation } from "./operation.ts";
import { CancelKeyDeletion } from "./ops/cancel-key-deletion.ts";
import { CreateAlias } from "./ops/create-alias.ts";
import { CreateKey } from "./ops/create-key.ts";
import { Decrypt } from "./ops/decrypt.ts";
import { DeleteAlias } from "./ops/delete-alias.ts";
import { DescribeKey } from "./ops/describe-key.ts";
import { DisableKey } from "./ops/disable-key.ts";
import { EnableKey } from "./ops/enable-key.ts";
import { Encrypt } from "./ops/encrypt.ts";
import { GenerateDataKeyWithoutPlaintext } from "./ops/generate-data-key-without-plaintext.ts";
import { GenerateDataKey } from "./ops/generate-data-key.ts";
import { GenerateRandom } from "./ops/generate-random.ts";
import { GetKeyPolicy } from "./ops/get-key-policy.ts";
import { GetKeyRotationStatus } from "./ops/get-key-rotation-status.ts";
import { ListAliases } from "./ops/list-aliases.ts";
import { ListKeyPolicies } from "./ops/list-key-policies.ts";
import { ListKeys } from "./ops/list-keys.ts";
import { ListResourceTags } from "./ops/list-resource-tags.ts";
import { PutKeyPolicy } from "./ops/put-key-policy.ts";
import { ReEncrypt } from "./ops/re-encrypt.ts";
import { ScheduleKeyDeletion } from "./ops/schedule-key-deletion.ts";
import { TagResource } from "./ops/tag-resource.ts";
import { UntagResource } from "./ops/untag-resource.ts";
import { UpdateAlias } from "./ops/update-alias.ts";
import { UpdateKeyDescription } from "./ops/update-key-description.ts";

const LIST: readonly KmsOperation[] = [
  CancelKeyDeletion,
  CreateAlias,
  CreateKey,
  Decrypt,
  DeleteAlias,
  DescribeKey,
  DisableKey,
  EnableKey,
  Encrypt,
  GenerateDataKeyWithoutPlaintext,
  GenerateDataKey,
  GenerateRandom,
  GetKeyPolicy,
  GetKeyRotationStatus,
  ListAliases,
  ListKeyPolicies,
  ListKeys,
  ListResourceTags,
  PutKeyPolicy,
  ReEncrypt,
  ScheduleKeyDeletion,
  TagResource,
  UntagResource,
  UpdateAlias,
  UpdateKeyDescription,
];

export const OPERATIONS: ReadonlyMap<string, KmsOperation> = new Map(LIST.map((op) => [op.name, op]));

/** What KMS has besides (API model 2014-11-01): refused by name, so that nobody takes it for a typing error. */
export const UNSUPPORTED: ReadonlySet<string> = new Set([
  "ConnectCustomKeyStore",
  "CreateCustomKeyStore",
  "CreateGrant",
  "DeleteCustomKeyStore",
  "DeleteImportedKeyMaterial",
  "DeriveSharedSecret",
  "DescribeCustomKeyStores",
  "DisableKeyRotation",
  "DisconnectCustomKeyStore",
  "EnableKeyRotation",
  "GenerateDataKeyPair",
  "GenerateDataKeyPairWithoutPlaintext",
  "GenerateMac",
  "GetKeyLastUsage",
  "GetParametersForImport",
  "GetPublicKey",
  "ImportKeyMaterial",
  "ListGrants",
  "ListKeyRotations",
  "ListRetirableGrants",
  "ReplicateKey",
  "RetireGrant",
  "RevokeGrant",
  "RotateKeyOnDemand",
  "Sign",
  "UpdateCustomKeyStore",
  "UpdatePrimaryRegion",
  "Verify",
  "VerifyMac",
]);
