/**
 * What is put is what is read back, and putting what was read changes nothing: clients that compare (Terraform, CDK) see no
 * difference for ever.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetGroupCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListAttachedGroupPoliciesCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  ListUserTagsCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  TagRoleCommand,
  TagUserCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListAliasesCommand,
  ListGrantsCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
} from "@aws-sdk/client-kms";
import {
  type CORSRule,
  GetBucketAclCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  PutBucketCorsCommand,
  PutBucketEncryptionCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  PutPublicAccessBlockCommand,
  type ServerSideEncryptionConfiguration,
} from "@aws-sdk/client-s3";
import { ACCOUNT, policy, startWorld } from "./access/world.ts";

const w = await startWorld();
const { root } = w;
const ANN = `arn:aws:iam::${ACCOUNT}:user/ann`;
await w.user("ann", policy({ Action: "s3:*" }));

/** White space, order, single values and arrays, numbers of principals: whatever a client writes. */
const documents = (principal: unknown, action: string, resource: string): readonly string[] => [
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Sid: "a", Effect: "Allow", Principal: principal, Action: [action], Resource: resource }],
  }),
  `{\n  "Statement" : { "Resource": ["${resource}"],\n "Action":"${action}", "Effect":"Allow",\t"Principal": ${JSON.stringify(principal)} },\n  "Version": "2012-10-17", "Id": "ü"\n}`,
];

test("bucket policies", async () => {
  const Bucket = await w.bucket("policies");
  const read = async () => (await root.s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy;
  const principals = [{ AWS: ANN }, { AWS: [ANN, ACCOUNT] }, { AWS: [`arn:aws:iam::${ACCOUNT}:root`] }];
  for (const principal of principals)
    for (const Policy of documents(principal, "s3:GetObject", "arn:aws:s3:::policies/*"))
      for (let times = 0; times < 2; times++) {
        await root.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
        assert.equal(await read(), Policy);
      }
});

test("key policies, rotation and tags of keys", async () => {
  const { KeyMetadata } = await root.kms.send(
    new CreateKeyCommand({ Tags: [{ TagKey: "team", TagValue: "größer" }] }),
  );
  const KeyId = KeyMetadata?.KeyId;
  const own = { AWS: [`arn:aws:iam::${ACCOUNT}:root`, ANN] };
  for (const Policy of documents(own, "kms:*", "*"))
    for (let times = 0; times < 2; times++) {
      await root.kms.send(new PutKeyPolicyCommand({ KeyId, Policy, PolicyName: "default" }));
      assert.equal((await root.kms.send(new GetKeyPolicyCommand({ KeyId }))).Policy, Policy);
    }
  const rotation = async () => {
    const { KeyRotationEnabled, RotationPeriodInDays, NextRotationDate } = await root.kms.send(
      new GetKeyRotationStatusCommand({ KeyId }),
    );
    return { KeyRotationEnabled, RotationPeriodInDays, next: NextRotationDate?.getTime() };
  };
  await root.kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 180 }));
  const first = await rotation();
  assert.deepEqual([first.KeyRotationEnabled, first.RotationPeriodInDays], [true, 180]);
  assert.deepEqual(await rotation(), first);
  await root.kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 180 }));
  assert.equal((await rotation()).RotationPeriodInDays, 180);
  await root.kms.send(new DisableKeyRotationCommand({ KeyId }));
  assert.equal((await rotation()).KeyRotationEnabled, false);
  const tags = async () => (await root.kms.send(new ListResourceTagsCommand({ KeyId }))).Tags;
  assert.deepEqual(await tags(), [{ TagKey: "team", TagValue: "größer" }]);
  for (let times = 0; times < 2; times++)
    await root.kms.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: "team", TagValue: "blue" }] }));
  assert.deepEqual(await tags(), [{ TagKey: "team", TagValue: "blue" }]);
  await root.kms.send(new UntagResourceCommand({ KeyId, TagKeys: ["team"] }));
  assert.deepEqual(await tags(), []);
});

test("a bucket's encryption, versioning and tags", async () => {
  const Bucket = await w.bucket("settings");
  const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
  const named = [KeyMetadata?.Arn, KeyMetadata?.KeyId, "alias/later", undefined];
  const rules: readonly NonNullable<ServerSideEncryptionConfiguration["Rules"]>[number][] = [
    ...named.map((KMSMasterKeyID) => ({
      ApplyServerSideEncryptionByDefault: {
        SSEAlgorithm: "aws:kms" as const,
        ...(KMSMasterKeyID === undefined ? {} : { KMSMasterKeyID }),
      },
      BucketKeyEnabled: true,
    })),
    { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false },
  ];
  for (const rule of rules) {
    const ServerSideEncryptionConfiguration = { Rules: [rule] };
    for (let times = 0; times < 2; times++) {
      await root.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
      const shown = await root.s3.send(new GetBucketEncryptionCommand({ Bucket }));
      assert.deepEqual(shown.ServerSideEncryptionConfiguration, ServerSideEncryptionConfiguration);
    }
  }
  for (const Status of ["Enabled", "Suspended"] as const) {
    await root.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
    assert.equal((await root.s3.send(new GetBucketVersioningCommand({ Bucket }))).Status, Status);
  }
  const TagSet = [
    { Key: "z", Value: "" },
    { Key: "a", Value: "größer + more" },
  ];
  const byKey = (tags: typeof TagSet | undefined) => tags?.toSorted((a, b) => (a.Key < b.Key ? -1 : 1));
  await root.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  const bucketTags = await root.s3.send(new GetBucketTaggingCommand({ Bucket }));
  assert.deepEqual(
    byKey(bucketTags.TagSet?.map(({ Key = "", Value = "" }) => ({ Key, Value }))),
    byKey(TagSet),
  );
  const at = { Bucket, Key: "k" };
  await root.s3.send(new PutObjectCommand(at));
  await root.s3.send(new PutObjectTaggingCommand({ ...at, Tagging: { TagSet } }));
  const objectTags = await root.s3.send(new GetObjectTaggingCommand(at));
  assert.deepEqual(
    byKey(objectTags.TagSet?.map(({ Key = "", Value = "" }) => ({ Key, Value }))),
    byKey(TagSet),
  );
});

test("policies, trust and tags in IAM", async () => {
  const document = `{ "Version":"2012-10-17",\n "Statement": [ {"Effect":"Allow", "Action":"s3:*", "Resource":"arn:aws:s3:::é/*"} ] }`;
  await root.iam.send(
    new PutUserPolicyCommand({ UserName: "ann", PolicyName: "p", PolicyDocument: document }),
  );
  const inline = await root.iam.send(new GetUserPolicyCommand({ UserName: "ann", PolicyName: "p" }));
  assert.equal(decodeURIComponent(inline.PolicyDocument ?? ""), document);
  const { Policy } = await root.iam.send(
    new CreatePolicyCommand({ PolicyName: "managed", PolicyDocument: document }),
  );
  const version = await root.iam.send(
    new GetPolicyVersionCommand({ PolicyArn: Policy?.Arn, VersionId: Policy?.DefaultVersionId }),
  );
  assert.equal(decodeURIComponent(version.PolicyVersion?.Document ?? ""), document);
  await w.role("stable", policy({ Action: "s3:*" }));
  const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["${ANN}"]},"Action":"sts:AssumeRole"}]}`;
  await root.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: "stable", PolicyDocument: trust }));
  const { Role } = await root.iam.send(new GetRoleCommand({ RoleName: "stable" }));
  assert.equal(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ""), trust);
  const Tags = [{ Key: "team", Value: "größer" }];
  await root.iam.send(new TagUserCommand({ UserName: "ann", Tags }));
  assert.deepEqual((await root.iam.send(new ListUserTagsCommand({ UserName: "ann" }))).Tags, Tags);
});

/** What a read shows beside its metadata, which is new with every answer. */
async function shown(read: Promise<object>): Promise<object> {
  const { $metadata: _, ...rest } = (await read) as { $metadata?: unknown };
  return rest;
}

/**
 * As Terraform's resources do: write, read everything that the state keeps, read again for the plan, write the same once
 * more, read. All the reads are the same.
 */
async function settles(
  write: () => Promise<unknown>,
  reads: readonly (() => Promise<object>)[],
): Promise<readonly object[]> {
  await write();
  const all = (): Promise<readonly object[]> => Promise.all(reads.map((read) => shown(read())));
  const first = await all();
  assert.deepEqual(await all(), first);
  await write();
  assert.deepEqual(await all(), first);
  return first;
}

test("aws_kms_key, aws_kms_alias, aws_kms_grant", async () => {
  const { kms } = root;
  const Policy = documents({ AWS: [ANN, `arn:aws:iam::${ACCOUNT}:root`] }, "kms:*", "*")[1];
  const { KeyMetadata } = await kms.send(
    new CreateKeyCommand({ Policy, Description: "d", Tags: [{ TagKey: "a", TagValue: "" }] }),
  );
  const { KeyId = "" } = KeyMetadata ?? {};
  const [description, policyRead, rotation, tags] = await settles(async () => {
    await kms.send(new UpdateKeyDescriptionCommand({ KeyId, Description: "größer" }));
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy, PolicyName: "default" }));
    await kms.send(new EnableKeyCommand({ KeyId }));
    await kms.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: "a", TagValue: "" }] }));
  }, [
    () => kms.send(new DescribeKeyCommand({ KeyId })),
    () => kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: "default" })),
    () => kms.send(new GetKeyRotationStatusCommand({ KeyId })),
    () => kms.send(new ListResourceTagsCommand({ KeyId })),
  ]);
  assert.equal((description as { KeyMetadata: { Description: string } }).KeyMetadata.Description, "größer");
  assert.deepEqual(policyRead, { Policy, PolicyName: "default" });
  assert.equal((rotation as { KeyRotationEnabled: boolean }).KeyRotationEnabled, false);
  assert.deepEqual(tags, { Tags: [{ TagKey: "a", TagValue: "" }], Truncated: false });
  await settles(
    () => kms.send(new DisableKeyCommand({ KeyId })),
    [() => kms.send(new DescribeKeyCommand({ KeyId }))],
  );
  await kms.send(new EnableKeyCommand({ KeyId }));

  const AliasName = "alias/terraform/key";
  await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }));
  const targets = async () => ({
    found: (await kms.send(new ListAliasesCommand({}))).Aliases?.filter((a) => a.AliasName === AliasName).map(
      ({ AliasArn, TargetKeyId }) => ({ AliasArn, TargetKeyId }),
    ),
  });
  const [{ found } = { found: undefined }] = (await settles(
    () => kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId: KeyMetadata?.Arn })),
    [targets],
  )) as Awaited<ReturnType<typeof targets>>[];
  assert.deepEqual(found, [
    { AliasArn: `arn:aws:kms:us-east-1:${ACCOUNT}:${AliasName}`, TargetKeyId: KeyId },
  ]);

  const grant = {
    KeyId,
    Name: "terraform",
    GranteePrincipal: ANN,
    RetiringPrincipal: `arn:aws:iam::${ACCOUNT}:root`,
    Operations: ["Encrypt" as const, "Decrypt" as const],
    Constraints: { EncryptionContextEquals: { a: "1", B: "2" } },
  };
  const [grants] = await settles(
    () => kms.send(new CreateGrantCommand(grant)),
    [() => kms.send(new ListGrantsCommand({ KeyId }))],
  );
  const listed = (grants as { Grants: (typeof grant & { GrantId: string })[] }).Grants;
  assert.equal(listed.length, 1);
  const { Name, GranteePrincipal, RetiringPrincipal, Operations, Constraints } = listed[0] ?? grant;
  assert.deepEqual({ KeyId, Name, GranteePrincipal, RetiringPrincipal, Operations, Constraints }, grant);
});

test("aws_s3_bucket and its configurations", async () => {
  const { s3 } = root;
  const Bucket = await w.bucket("terraform");
  const [policyText = ""] = documents({ AWS: ANN }, "s3:GetObject", "arn:aws:s3:::terraform/*");
  const CORSRules: CORSRule[] = [
    {
      ID: "one",
      AllowedHeaders: ["*"],
      AllowedMethods: ["PUT", "POST"],
      AllowedOrigins: ["https://app.example", "https://*.example"],
      ExposeHeaders: ["ETag"],
      MaxAgeSeconds: 0,
    },
    { AllowedMethods: ["GET"], AllowedOrigins: ["*"] },
  ];
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: true,
    IgnorePublicAcls: false,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: false,
  };
  const OwnershipControls = { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" as const }] };
  const [cors, block, ownership, , , , status] = await settles(async () => {
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policyText }));
    await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
    await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    await s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  }, [
    () => s3.send(new GetBucketCorsCommand({ Bucket })),
    () => s3.send(new GetPublicAccessBlockCommand({ Bucket })),
    () => s3.send(new GetBucketOwnershipControlsCommand({ Bucket })),
    () => s3.send(new GetBucketAclCommand({ Bucket })),
    () => s3.send(new GetBucketPolicyCommand({ Bucket })),
    () => s3.send(new GetBucketVersioningCommand({ Bucket })),
    () => s3.send(new GetBucketPolicyStatusCommand({ Bucket })),
    () => s3.send(new GetBucketEncryptionCommand({ Bucket })),
    () => s3.send(new GetBucketLocationCommand({ Bucket })),
    () => s3.send(new HeadBucketCommand({ Bucket })),
  ]);
  assert.deepEqual(cors, { CORSRules });
  assert.deepEqual(block, { PublicAccessBlockConfiguration });
  assert.deepEqual(ownership, { OwnershipControls });
  assert.deepEqual(status, { PolicyStatus: { IsPublic: false } });
});

test("aws_iam_user, _group, _role, _policy and what is attached to them", async () => {
  const { iam } = root;
  const Path = "/terraform/";
  const Tags = [
    { Key: "z", Value: "" },
    { Key: "a", Value: "größer" },
  ];
  const PermissionsBoundary = "arn:aws:iam::aws:policy/AdministratorAccess";
  const document = policy({ Action: ["kms:Decrypt", "kms:DescribeKey"] });
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: "tf", Path, PolicyDocument: document, Description: "d", Tags }),
  );
  const { Arn: PolicyArn = "", DefaultVersionId } = Policy ?? {};
  const versions = () => iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
  await settles(() => Promise.resolve(), [() => iam.send(new GetPolicyCommand({ PolicyArn })), versions]);
  await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: document, SetAsDefault: true }));
  const now = (await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy;
  assert.notEqual(now?.DefaultVersionId, DefaultVersionId);
  assert.deepEqual(now?.Tags, Tags);

  const UserName = "tf-user";
  await iam.send(new CreateUserCommand({ UserName, Path, Tags }));
  const [user] = await settles(async () => {
    await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument: document }));
    await iam.send(new PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary }));
    await iam.send(new TagUserCommand({ UserName, Tags }));
  }, [
    () => iam.send(new GetUserCommand({ UserName })),
    () => iam.send(new ListUserTagsCommand({ UserName })),
    () => iam.send(new GetUserPolicyCommand({ UserName, PolicyName: "own" })),
    () => iam.send(new ListAttachedUserPoliciesCommand({ UserName })),
  ]);
  assert.deepEqual((user as { User: { PermissionsBoundary: object } }).User.PermissionsBoundary, {
    PermissionsBoundaryType: "Policy",
    PermissionsBoundaryArn: PermissionsBoundary,
  });

  const GroupName = "tf-group";
  await iam.send(new CreateGroupCommand({ GroupName, Path }));
  await settles(async () => {
    await iam.send(new AddUserToGroupCommand({ GroupName, UserName }));
    await iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn }));
  }, [
    () => iam.send(new GetGroupCommand({ GroupName })),
    () => iam.send(new ListGroupsForUserCommand({ UserName })),
    () => iam.send(new ListAttachedGroupPoliciesCommand({ GroupName })),
  ]);

  const RoleName = "tf-role";
  const trust = `{ "Version": "2012-10-17",\n "Statement": {"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Principal":{"AWS":"${ANN}"}} }`;
  await iam.send(
    new CreateRoleCommand({ RoleName, Path, AssumeRolePolicyDocument: trust, PermissionsBoundary, Tags }),
  );
  const [role, , inline] = await settles(async () => {
    await iam.send(new UpdateRoleCommand({ RoleName, Description: "d", MaxSessionDuration: 7200 }));
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust }));
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument: document }));
    await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
    await iam.send(new TagRoleCommand({ RoleName, Tags }));
  }, [
    () => iam.send(new GetRoleCommand({ RoleName })),
    () => iam.send(new ListRolePoliciesCommand({ RoleName })),
    () => iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "own" })),
    () => iam.send(new ListAttachedRolePoliciesCommand({ RoleName })),
  ]);
  const read = (role as { Role: { AssumeRolePolicyDocument: string; Tags: object; Path: string } }).Role;
  assert.equal(decodeURIComponent(read.AssumeRolePolicyDocument), trust);
  assert.deepEqual([read.Tags, read.Path], [Tags, Path]);
  assert.equal(decodeURIComponent((inline as { PolicyDocument: string }).PolicyDocument), document);
});
