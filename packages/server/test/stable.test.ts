/**
 * What is put is what is read back, and putting what was read changes nothing: clients that compare (Terraform, CDK) see no
 * difference for ever.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreatePolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetUserPolicyCommand,
  ListUserTagsCommand,
  PutUserPolicyCommand,
  TagUserCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyRotationCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-kms";
import {
  GetBucketEncryptionCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectTaggingCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
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
