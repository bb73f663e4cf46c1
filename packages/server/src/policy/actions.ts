/**
 * The actions that policies can name, as data: S3 with the kind of resource each applies to (spec access section 8), KMS with
 * its resource, cross-account and grant rules (spec kms 8 and 16), and the IAM and STS calls this product serves. S3 names that
 * AWS has and we don't serve are here too, because a bucket policy that names them is valid.
 */
export type S3ResourceKind = "bucket" | "object" | "none";

const words = (text: string): string[] => text.trim().split(/\s+/);

const S3_OBJECT = words(`
  AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectAnnotation DeleteObjectTagging DeleteObjectVersion
  DeleteObjectVersionAnnotation DeleteObjectVersionTagging GetObject GetObjectAcl GetObjectAnnotation GetObjectAttributes
  GetObjectLegalHold GetObjectRetention GetObjectTagging GetObjectTorrent GetObjectVersion GetObjectVersionAcl
  GetObjectVersionAnnotation GetObjectVersionAnnotationForReplication GetObjectVersionAttributes GetObjectVersionForReplication
  GetObjectVersionTagging GetObjectVersionTorrent InitiateReplication ListMultipartUploadParts ListObjectAnnotations
  ListObjectVersionAnnotations ObjectOwnerOverrideToBucketOwner PutObject PutObjectAcl PutObjectAnnotation PutObjectLegalHold
  PutObjectRetention PutObjectTagging PutObjectVersionAcl PutObjectVersionAnnotation PutObjectVersionTagging ReplicateDelete
  ReplicateObject ReplicateObjectAnnotation ReplicateTags RestoreObject UpdateObjectEncryption`);
const S3_BUCKET = words(`
  CreateBucket CreateBucketMetadataTableConfiguration DeleteBucket DeleteBucketMetadataTableConfiguration DeleteBucketPolicy
  DeleteBucketWebsite GetAccelerateConfiguration GetAnalyticsConfiguration GetBucketAbac GetBucketAcl GetBucketCORS
  GetBucketLocation GetBucketLogging GetBucketMetadataTableConfiguration GetBucketNotification GetBucketObjectLockConfiguration
  GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus GetBucketPublicAccessBlock GetBucketRequestPayment
  GetBucketTagging GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration GetIntelligentTieringConfiguration
  GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration GetReplicationConfiguration ListBucket
  ListBucketMultipartUploads ListBucketVersions ListTagsForResource PauseReplication PutAccelerateConfiguration
  PutAnalyticsConfiguration PutBucketAbac PutBucketAcl PutBucketCORS PutBucketLogging PutBucketNotification
  PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock
  PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite PutEncryptionConfiguration
  PutIntelligentTieringConfiguration PutInventoryConfiguration PutLifecycleConfiguration PutMetricsConfiguration
  PutReplicationConfiguration TagResource UntagResource UpdateBucketMetadataInventoryTableConfiguration
  UpdateBucketMetadataJournalTableConfiguration`);
const S3_NONE = words("GetAccountPublicAccessBlock ListAllMyBuckets PutAccountPublicAccessBlock");

const rows = (names: readonly string[], kind: S3ResourceKind): [string, S3ResourceKind][] =>
  names.map((name) => [`s3:${name}`, kind]);
/** By name as AWS writes it. */
export const S3_ACTIONS: ReadonlyMap<string, S3ResourceKind> = new Map([
  ...rows(S3_OBJECT, "object"),
  ...rows(S3_BUCKET, "bucket"),
  ...rows(S3_NONE, "none"),
]);

export interface KmsAction {
  /** "none": identity policies alone decide, on resource `*`. */
  readonly resource: "key" | "alias" | "none";
  /** Callable on a key of another account. */
  readonly crossAccount: boolean;
  /** May stand in a grant. */
  readonly grantable: boolean;
}
const KMS_CROSS_ACCOUNT_AND_GRANTABLE = words(`
  CreateGrant Decrypt DeriveSharedSecret DescribeKey Encrypt GenerateDataKey GenerateDataKeyPair
  GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext GenerateMac GetPublicKey ReEncryptFrom ReEncryptTo
  RetireGrant Sign Verify VerifyMac`);
const KMS_CROSS_ACCOUNT = words("GetKeyRotationStatus ListGrants RevokeGrant");
const KMS_KEY = words(`
  CancelKeyDeletion DeleteImportedKeyMaterial DisableKey DisableKeyRotation EnableKey EnableKeyRotation GetKeyLastUsage
  GetKeyPolicy GetParametersForImport ImportKeyMaterial ListKeyPolicies ListKeyRotations ListResourceTags PutKeyPolicy
  ReplicateKey RotateKeyOnDemand ScheduleKeyDeletion SynchronizeMultiRegionKey TagResource UntagResource
  UpdateKeyDescription UpdatePrimaryRegion`);
const KMS_ALIAS = words("CreateAlias DeleteAlias UpdateAlias");
const KMS_NONE = words(`
  ConnectCustomKeyStore CreateCustomKeyStore CreateKey DeleteCustomKeyStore DescribeCustomKeyStores DisconnectCustomKeyStore
  GenerateRandom ListAliases ListKeys ListRetirableGrants UpdateCustomKeyStore`);

const kmsRows = (names: readonly string[], row: KmsAction): [string, KmsAction][] =>
  names.map((name) => [`kms:${name}`, row]);
export const KMS_ACTIONS: ReadonlyMap<string, KmsAction> = new Map([
  ...kmsRows(KMS_CROSS_ACCOUNT_AND_GRANTABLE, { resource: "key", crossAccount: true, grantable: true }),
  ...kmsRows(KMS_CROSS_ACCOUNT, { resource: "key", crossAccount: true, grantable: false }),
  ...kmsRows(KMS_KEY, { resource: "key", crossAccount: false, grantable: false }),
  ...kmsRows(KMS_ALIAS, { resource: "alias", crossAccount: false, grantable: false }),
  ...kmsRows(KMS_NONE, { resource: "none", crossAccount: false, grantable: false }),
]);

export const IAM_ACTIONS: ReadonlySet<string> = new Set(
  words(`
  AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy CreateAccessKey CreateAccountAlias CreateGroup CreatePolicy
  CreatePolicyVersion CreateRole CreateUser DeleteAccessKey DeleteAccountAlias DeleteGroup DeleteGroupPolicy DeleteLoginProfile DeletePolicy
  DeletePolicyVersion DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DeleteUser DeleteUserPermissionsBoundary
  DeleteUserPolicy DetachGroupPolicy DetachRolePolicy DetachUserPolicy GetAccessKeyLastUsed GetAccountAuthorizationDetails
  GetAccountSummary GetGroup GetGroupPolicy GetLoginProfile GetPolicy GetPolicyVersion GetRole GetRolePolicy GetUser GetUserPolicy
  ListAccessKeys ListAccountAliases ListAttachedGroupPolicies ListAttachedRolePolicies ListAttachedUserPolicies
  ListEntitiesForPolicy ListGroupPolicies ListGroups ListGroupsForUser ListInstanceProfilesForRole ListMFADevices ListPolicies ListPolicyTags
  ListPolicyVersions ListRolePolicies ListRoleTags ListRoles ListSSHPublicKeys ListServiceSpecificCredentials
  ListSigningCertificates ListUserPolicies ListUserTags ListUsers ListVirtualMFADevices PassRole PutGroupPolicy
  PutRolePermissionsBoundary PutRolePolicy PutUserPermissionsBoundary PutUserPolicy RemoveUserFromGroup
  SetDefaultPolicyVersion SimulateCustomPolicy SimulatePrincipalPolicy TagPolicy TagRole TagUser UntagPolicy UntagRole
  UntagUser UpdateAccessKey UpdateAssumeRolePolicy UpdateGroup UpdateRole UpdateRoleDescription UpdateUser`).map(
    (name) => `iam:${name}`,
  ),
);
export const STS_ACTIONS: ReadonlySet<string> = new Set(
  words(`
  AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity DecodeAuthorizationMessage GetAccessKeyInfo GetCallerIdentity
  GetFederationToken GetSessionToken SetContext SetSourceIdentity TagSession`).map((name) => `sts:${name}`),
);

/** For tests over operation lists: every action a pipeline asks for is one that a policy can name. */
export const isKnownAction = (name: string): boolean =>
  S3_ACTIONS.has(name) || KMS_ACTIONS.has(name) || IAM_ACTIONS.has(name) || STS_ACTIONS.has(name);
