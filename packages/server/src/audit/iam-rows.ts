/**
 * What records of IAM and STS may say. One list for all operations: these services use a name for one thing. Not here, so
 * never written: passwords, secret keys, session and web identity tokens, assertions, one-time codes, certificates.
 */
export const QUERY_PARAMETERS: ReadonlySet<string> = new Set([
  "AccessKeyId",
  "AccountAlias",
  "ActionNames",
  "AssumeRolePolicyDocument",
  "CallerArn",
  "ContextEntries",
  "Description",
  "DurationSeconds",
  "EntityFilter",
  "ExternalId",
  "GroupName",
  "Marker",
  "MaxItems",
  "MaxSessionDuration",
  "NewGroupName",
  "NewPath",
  "NewUserName",
  "OnlyAttached",
  "Path",
  "PathPrefix",
  "PermissionsBoundary",
  "Policy",
  "PolicyArn",
  "PolicyArns",
  "PolicyDocument",
  "PolicyName",
  "PolicySourceArn",
  "PolicyUsageFilter",
  "ProviderId",
  "ResourceArns",
  "RoleArn",
  "RoleName",
  "RoleSessionName",
  "Scope",
  "SetAsDefault",
  "SourceIdentity",
  "Status",
  "TagKeys",
  "Tags",
  "TransitiveTagKeys",
  "UserName",
  "VersionId",
]);

/** Elements of an answer, and under which name they stand in the record. */
export const QUERY_RESULTS: ReadonlyMap<
  string,
  { readonly name: string; readonly members: readonly string[] }
> = new Map([
  ["CreateAccessKey", { name: "accessKey", members: ["UserName", "AccessKeyId", "Status", "CreateDate"] }],
  ["AssumeRole", { name: "credentials", members: ["AccessKeyId", "Expiration"] }],
  ["AssumeRoleWithWebIdentity", { name: "credentials", members: ["AccessKeyId", "Expiration"] }],
  ["GetSessionToken", { name: "credentials", members: ["AccessKeyId", "Expiration"] }],
  ["CreateUser", { name: "user", members: ["UserName", "UserId", "Arn", "CreateDate"] }],
  ["CreateRole", { name: "role", members: ["RoleName", "RoleId", "Arn", "CreateDate"] }],
  ["CreateGroup", { name: "group", members: ["GroupName", "GroupId", "Arn", "CreateDate"] }],
  ["CreatePolicy", { name: "policy", members: ["PolicyName", "PolicyId", "Arn", "DefaultVersionId"] }],
]);
