/**
 * Condition keys that a bucket policy may use (spec access 4.5 and 9): an unknown one is refused at PUT, since it would be
 * absent from every request and turn a Deny into nothing. Lower case. Identity and key policies may name any key.
 */
const words = (text: string): string[] => text.trim().split(/\s+/);

const GLOBAL = new Set(
  words(`
  aws:assumedroot aws:calledvia aws:calledviafirst aws:calledvialast aws:currenttime aws:ec2instancesourceprivateipv4
  aws:ec2instancesourcevpc aws:epochtime aws:federatedprovider aws:multifactorauthage aws:multifactorauthpresent
  aws:principalaccount aws:principalarn aws:principalisawsservice aws:principalorgid aws:principalorgpaths
  aws:principalservicename aws:principalservicenameslist aws:principaltype aws:referer aws:requestedregion
  aws:resourceaccount aws:resourceorgid aws:resourceorgpaths aws:securetransport aws:sourceaccount aws:sourcearn
  aws:sourceidentity aws:sourceip aws:sourceorgid aws:sourceorgpaths aws:sourceowner aws:sourcevpc aws:sourcevpcarn
  aws:sourcevpce aws:tagkeys aws:tokenissuetime aws:useragent aws:userid aws:username aws:viaawsservice aws:vpceaccount
  aws:vpceorgid aws:vpceorgpaths aws:vpcsourceip`),
);
const TAG_PREFIXES = [
  "aws:principaltag/",
  "aws:requesttag/",
  "aws:resourcetag/",
  "s3:buckettag/",
  "s3:accesspointtag/",
];

/** S3 keys that go with every action. */
const S3_ANY = new Set(
  words(`
  s3:accessgrantsinstancearn s3:accesspointnetworkorigin s3:authtype s3:dataaccesspointaccount s3:dataaccesspointarn
  s3:resourceaccount s3:signatureage s3:signatureversion s3:tlsversion s3:x-amz-content-sha256`),
);

const ACL = words("s3:CreateBucket s3:PutBucketAcl s3:PutObject s3:PutObjectAcl s3:PutObjectVersionAcl");
const LIST = words("s3:ListBucket s3:ListBucketVersions s3:ListBucketMultipartUploads");
const PUT = ["s3:PutObject"];
const ENCRYPT = words("s3:PutObject s3:ReplicateObject s3:UpdateObjectEncryption");
const RETENTION = words("s3:PutObject s3:PutObjectRetention s3:ReplicateObject");
const TAGGING = words("s3:PutObject s3:PutObjectTagging s3:PutObjectVersionTagging");
const TAGGED = words(`
  s3:DeleteObject s3:DeleteObjectTagging s3:DeleteObjectVersion s3:DeleteObjectVersionTagging s3:GetObject s3:GetObjectAcl
  s3:GetObjectAttributes s3:GetObjectTagging s3:GetObjectVersion s3:GetObjectVersionAcl s3:GetObjectVersionAttributes
  s3:GetObjectVersionTagging s3:PutObjectAcl s3:PutObjectTagging s3:PutObjectVersionAcl s3:PutObjectVersionTagging
  s3:RestoreObject s3:ReplicateDelete s3:ReplicateObject s3:ReplicateTags s3:UpdateObjectEncryption
  s3:PutObjectRetention s3:PutObjectLegalHold s3:GetObjectRetention s3:GetObjectLegalHold`);
const VERSIONED = words(`
  s3:DeleteObjectVersion s3:DeleteObjectVersionTagging s3:GetObjectVersion s3:GetObjectVersionAcl
  s3:GetObjectVersionAttributes s3:GetObjectVersionTagging s3:GetObjectVersionTorrent s3:PutObjectVersionAcl
  s3:PutObjectVersionTagging`);

/** S3 keys that go with some actions only. */
const S3_SOME = new Map<string, readonly string[]>([
  ...words(`s3:x-amz-acl s3:x-amz-grant-full-control s3:x-amz-grant-read s3:x-amz-grant-read-acp s3:x-amz-grant-write
    s3:x-amz-grant-write-acp`).map((key): [string, readonly string[]] => [key, ACL]),
  ...["s3:prefix", "s3:delimiter", "s3:max-keys"].map((key): [string, readonly string[]] => [key, LIST]),
  ...words(`s3:x-amz-copy-source s3:x-amz-metadata-directive s3:x-amz-website-redirect-location s3:if-none-match
    s3:objectcreationoperation s3:x-amz-object-annotation-directive`).map(
    (key): [string, readonly string[]] => [key, PUT],
  ),
  ["s3:if-match", ["s3:PutObject", "s3:DeleteObject"]],
  ["s3:x-amz-storage-class", words("s3:PutObject s3:PutObjectAcl s3:PutObjectVersionAcl")],
  ["s3:x-amz-server-side-encryption", ENCRYPT],
  ["s3:x-amz-server-side-encryption-aws-kms-key-id", ENCRYPT],
  ["s3:x-amz-server-side-encryption-customer-algorithm", ["s3:PutObject", "s3:ReplicateObject"]],
  // Ours: what the object will be encrypted with once bucket defaults are applied. Never absent from a write.
  ["strongroom:effective-encryption", ENCRYPT],
  ["strongroom:effective-kms-key-id", ENCRYPT],
  ["s3:requestobjecttagkeys", TAGGING],
  ["s3:versionid", VERSIONED],
  ...words(
    "s3:object-lock-mode s3:object-lock-retain-until-date s3:object-lock-remaining-retention-days",
  ).map((key): [string, readonly string[]] => [key, RETENTION]),
  ["s3:object-lock-legal-hold", words("s3:PutObject s3:PutObjectLegalHold")],
  ["s3:locationconstraint", ["s3:CreateBucket"]],
  ["s3:x-amz-object-ownership", ["s3:CreateBucket"]],
  ["s3:inventoryaccessibleoptionalfields", ["s3:PutInventoryConfiguration"]],
  ["s3:isreplicationpauserequest", ["s3:PutReplicationConfiguration"]],
]);

/** The actions a key goes with, "all", or undefined when a bucket policy may not name it. */
export function bucketConditionKey(key: string): readonly string[] | "all" | undefined {
  if (S3_ANY.has(key) || GLOBAL.has(key)) return "all";
  if (key.startsWith("s3:existingobjecttag/")) return TAGGED;
  if (key.startsWith("s3:requestobjecttag/")) return TAGGING;
  const some = S3_SOME.get(key);
  if (some !== undefined) return some;
  if (TAG_PREFIXES.some((prefix) => key.startsWith(prefix) && key.length > prefix.length)) return "all";
  // Keys of identity providers (saml:aud, accounts.google.com:sub) describe how a session came about.
  return key.startsWith("saml:") || /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:\/[^:]*)?:/.test(key) ? "all" : undefined;
}
