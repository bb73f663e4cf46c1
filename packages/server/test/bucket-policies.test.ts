/** Bucket policies on a running server: public access, ownership, condition keys, and principals that are made again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DeleteAccessKeyCommand, DeleteUserCommand, DeleteUserPolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  EncryptCommand,
  ListGrantsCommand,
  RevokeGrantCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-kms";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketOwnershipControlsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  PutBucketEncryptionCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  PutPublicAccessBlockCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import {
  ACCOUNT,
  type Actor,
  denied,
  kmsDenied,
  OTHER,
  policy,
  refused,
  startWorld,
  type Statement,
} from "./access/world.ts";

const w = await startWorld();
const { root } = w;
let buckets = 0;
const newBucket = (): Promise<string> => w.bucket(`bucket-${++buckets}`);
const put = (bucket: string, more: Partial<PutObjectCommand["input"]> = {}, who: Actor = root) =>
  who.s3.send(new PutObjectCommand({ Bucket: bucket, Key: "x", Body: "x", ...more }));
const get = (who: Actor, bucket: string) => who.s3.send(new GetObjectCommand({ Bucket: bucket, Key: "x" }));
const on = (bucket: string, statement: Statement): Statement => ({
  Resource: `arn:aws:s3:::${bucket}/*`,
  ...statement,
});
const setPolicy = (bucket: string, ...statements: readonly Statement[]) =>
  root.s3.send(
    new PutBucketPolicyCommand({
      Bucket: bucket,
      Policy: policy(...statements.map((statement) => on(bucket, statement))),
    }),
  );
const everybody: Statement = { Principal: "*", Action: "s3:GetObject" };
const ALL = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};
const block = async (bucket: string) =>
  (await root.s3.send(new GetPublicAccessBlockCommand({ Bucket: bucket }))).PublicAccessBlockConfiguration;

test("a new bucket blocks public access; what is put is what is shown; taken away, nothing is blocked", async () => {
  const Bucket = await newBucket();
  assert.deepEqual(await block(Bucket), ALL);
  const PublicAccessBlockConfiguration = { ...ALL, BlockPublicPolicy: false };
  await root.s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  assert.deepEqual(await block(Bucket), PublicAccessBlockConfiguration);
  await root.s3.send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: { RestrictPublicBuckets: true },
    }),
  );
  assert.deepEqual(await block(Bucket), {
    BlockPublicAcls: false,
    IgnorePublicAcls: false,
    BlockPublicPolicy: false,
    RestrictPublicBuckets: true,
  });
  await root.s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await assert.rejects(block(Bucket), refused(404, "NoSuchPublicAccessBlockConfiguration"));
});

test("a public policy is refused while it is blocked, and its status is told", async () => {
  const Bucket = await newBucket();
  const status = async () =>
    (await root.s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus?.IsPublic;
  await assert.rejects(status(), refused(404, "NoSuchBucketPolicy"));
  await assert.rejects(setPolicy(Bucket, everybody), denied("s3:PutBucketPolicy", "BlockPublicPolicy"));
  await setPolicy(Bucket, { ...everybody, Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } });
  assert.equal(await status(), false);
  await root.s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await setPolicy(Bucket, everybody);
  assert.equal(await status(), true);
});

test("RestrictPublicBuckets shuts other accounts out of a bucket with a public policy", async () => {
  const Bucket = await newBucket();
  const guest = await w.user("guest", policy({ Action: "s3:*" }), w.otherRoot);
  await put(Bucket);
  await root.s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const named: Statement = {
    Principal: { AWS: `arn:aws:iam::${OTHER}:user/guest` },
    Action: "s3:GetObject",
  };
  await setPolicy(Bucket, everybody, named);
  await get(guest, Bucket);
  assert.equal((await w.anonymous(`/${Bucket}/x`)).status, 200);
  await root.s3.send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: { RestrictPublicBuckets: true },
    }),
  );
  await assert.rejects(get(guest, Bucket), denied());
  assert.equal((await w.anonymous(`/${Bucket}/x`)).status, 403);
  await get(root, Bucket);
  await setPolicy(Bucket, named);
  await get(guest, Bucket);
});

/** Seen on S3: scylladb's issue 13425, with a policy that allows everybody everything; aws-sdk-cpp's issue 1575. */
test("callers without a name start no upload in parts, whatever the policy says", async () => {
  const Bucket = await newBucket();
  await root.s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await setPolicy(Bucket, { Principal: "*", Action: "s3:PutObject" });
  assert.equal((await w.anonymous(`/${Bucket}/x`, { method: "PUT", body: "x" })).status, 200);
  const upload = await w.anonymous(`/${Bucket}/x?uploads`, { method: "POST" });
  assert.equal(upload.status, 403);
  assert.match(
    await upload.text(),
    /<Code>AccessDenied<.*Anonymous users cannot initiate multipart uploads/s,
  );
});

test("ownership: what is fixed can be put and taken out of sight, and nothing else", async () => {
  const Bucket = await newBucket();
  const shown = async () =>
    (await root.s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))).OwnershipControls;
  const rules = (ObjectOwnership: "BucketOwnerEnforced" | "ObjectWriter") => ({
    Rules: [{ ObjectOwnership }],
  });
  assert.deepEqual(await shown(), rules("BucketOwnerEnforced"));
  const set = (OwnershipControls: ReturnType<typeof rules>) =>
    root.s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
  await assert.rejects(set(rules("ObjectWriter")), refused(501, "NotImplemented", /ObjectWriter/));
  await root.s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
  await assert.rejects(shown(), refused(404, "OwnershipControlsNotFoundError"));
  await set(rules("BucketOwnerEnforced"));
  assert.deepEqual(await shown(), rules("BucketOwnerEnforced"));
});

test("s3:ExistingObjectTag follows the object's tags", async () => {
  const Bucket = await newBucket();
  await put(Bucket);
  const reader = await w.user("tag-reader", policy({ Action: "sts:GetCallerIdentity" }));
  await setPolicy(Bucket, {
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/tag-reader` },
    Action: "s3:GetObject",
    Condition: { StringEquals: { "s3:ExistingObjectTag/Class": "open" } },
  });
  await assert.rejects(get(reader, Bucket), denied("s3:GetObject"));
  const tag = (Value: string) =>
    root.s3.send(
      new PutObjectTaggingCommand({ Bucket, Key: "x", Tagging: { TagSet: [{ Key: "Class", Value }] } }),
    );
  await tag("open");
  await get(reader, Bucket);
  await tag("closed");
  await assert.rejects(get(reader, Bucket), denied("s3:GetObject"));
});

test("the effective encryption of every kind of write, whatever header was sent", async () => {
  const Bucket = await newBucket();
  const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
  const kmsKey = KeyMetadata?.Arn ?? "";
  const byDefault = (SSEAlgorithm: "AES256" | "aws:kms") =>
    root.s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: {
                SSEAlgorithm,
                ...(SSEAlgorithm === "AES256" ? {} : { KMSMasterKeyID: KeyMetadata?.KeyId }),
              },
            },
          ],
        },
      }),
    );
  await put(Bucket, { Key: "source" });
  await setPolicy(Bucket, {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:PutObject",
    Condition: { StringNotEquals: { "strongroom:effective-encryption": "aws:kms" } },
  });
  const copy = (more: Partial<CopyObjectCommand["input"]> = {}) =>
    root.s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/source`, ...more }));
  const begin = () => root.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "parts" }));
  const customer = { SSECustomerAlgorithm: "AES256", SSECustomerKey: "k".repeat(32) };
  for (const attempt of [() => put(Bucket), copy, begin, () => put(Bucket, customer)])
    await assert.rejects(attempt(), denied("s3:PutObject"));
  await byDefault("aws:kms");
  await put(Bucket);
  await copy();
  await assert.rejects(put(Bucket, { ServerSideEncryption: "AES256" }), denied("s3:PutObject"));
  await assert.rejects(copy({ ServerSideEncryption: "AES256" }), denied("s3:PutObject"));
  await assert.rejects(put(Bucket, customer), denied("s3:PutObject"));
  // Parts go by their upload, also when the bucket's default has changed since.
  const { UploadId } = await begin();
  await byDefault("AES256");
  const part = { Bucket, Key: "parts", UploadId };
  const { ETag } = await root.s3.send(new UploadPartCommand({ ...part, PartNumber: 1, Body: "x" }));
  await root.s3.send(
    new CompleteMultipartUploadCommand({
      ...part,
      MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] },
    }),
  );
  await assert.rejects(put(Bucket), denied("s3:PutObject"));
  // The key behind an alias or a bare id is seen as its ARN.
  await byDefault("aws:kms");
  await setPolicy(Bucket, {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:PutObject",
    Condition: { StringNotEquals: { "strongroom:effective-kms-key-id": kmsKey } },
  });
  await put(Bucket);
  await assert.rejects(put(Bucket, { ServerSideEncryption: "aws:kms" }), denied("s3:PutObject"));
});

test("the key that a request names by its mode alone is aws/s3; a bucket's default names none", async () => {
  const Bucket = await newBucket();
  const { SSEKMSKeyId } = await put(Bucket, { ServerSideEncryption: "aws:kms" });
  assert.ok(SSEKMSKeyId !== undefined);
  const key = "s3:x-amz-server-side-encryption-aws-kms-key-id";
  const deny = (Condition: Statement["Condition"]) =>
    setPolicy(Bucket, { Effect: "Deny", Principal: "*", Action: "s3:PutObject", Condition });
  await deny({ ArnEquals: { [key]: SSEKMSKeyId } });
  await assert.rejects(put(Bucket, { ServerSideEncryption: "aws:kms" }), denied("s3:PutObject"));
  await put(Bucket, { ServerSideEncryption: "AES256" });
  await put(Bucket);
  await deny({ StringNotEquals: { [key]: SSEKMSKeyId } });
  await put(Bucket, { ServerSideEncryption: "aws:kms" });
  await root.s3.send(
    new PutBucketEncryptionCommand({
      Bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" } }],
      },
    }),
  );
  await assert.rejects(put(Bucket), denied("s3:PutObject"));
});

test("the key of a part is its upload's, wherever the alias leads by now", async () => {
  const Bucket = await newBucket();
  const newKey = async (): Promise<string> => {
    const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
    assert.ok(KeyMetadata?.Arn !== undefined);
    return KeyMetadata.Arn;
  };
  const [first, second] = [await newKey(), await newKey()];
  const AliasName = "alias/moves";
  await root.kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: first }));
  const named = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: AliasName } as const;
  const { UploadId } = await root.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "x", ...named }));
  await root.kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId: second }));
  await setPolicy(Bucket, {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:PutObject",
    Condition: { ArnNotEquals: { "s3:x-amz-server-side-encryption-aws-kms-key-id": first } },
  });
  await root.s3.send(new UploadPartCommand({ Bucket, Key: "x", UploadId, PartNumber: 1, Body: "x" }));
  await assert.rejects(put(Bucket, named), denied("s3:PutObject"));
});

test("a bucket's policy does not tell of another account's alias, and sees the key of one that lets in", async () => {
  const { KeyMetadata } = await w.otherRoot.kms.send(new CreateKeyCommand({}));
  assert.ok(KeyMetadata?.Arn !== undefined);
  const { Arn: TargetKeyId } = KeyMetadata;
  await w.otherRoot.kms.send(new CreateAliasCommand({ AliasName: "alias/theirs", TargetKeyId }));
  const Bucket = await newBucket();
  const named = (name: string) => `arn:aws:kms:us-east-1:${OTHER}:alias/${name}`;
  const putUnder = (SSEKMSKeyId: string) => put(Bucket, { ServerSideEncryption: "aws:kms", SSEKMSKeyId });
  const told = async (name: string): Promise<string> => {
    const error: unknown = await putUnder(named(name)).catch((cause: unknown) => cause);
    assert.ok(error instanceof Error && error.name === "AccessDenied", String(error));
    return error.message.replaceAll(named(name), "NAME");
  };
  const unasked = await told("not-theirs");
  assert.equal(await told("theirs"), unasked);
  for (const key of ["s3:x-amz-server-side-encryption-aws-kms-key-id", "strongroom:effective-kms-key-id"]) {
    const deny = (operator: string, value: string) =>
      setPolicy(Bucket, {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:PutObject",
        Condition: { [operator]: { [key]: value } },
      });
    await deny("StringLike", "*:key/*");
    for (const name of ["theirs", "not-theirs"]) assert.equal(await told(name), unasked);

    const grant = { KeyId: TargetKeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root` };
    const { GrantId } = await w.otherRoot.kms.send(
      new CreateGrantCommand({ ...grant, Operations: ["GenerateDataKey"] }),
    );
    await assert.rejects(putUnder(named("theirs")), denied("s3:PutObject"));
    await deny("StringNotEquals", TargetKeyId);
    await putUnder(named("theirs"));
    await w.otherRoot.kms.send(new RevokeGrantCommand({ KeyId: TargetKeyId, GrantId }));
  }
});

async function removeUser(actor: Actor, UserName: string): Promise<void> {
  const AccessKeyId = actor.credentials.accessKeyId;
  await root.iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
  await root.iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName: "own" }));
  await root.iam.send(new DeleteUserCommand({ UserName }));
}

test("whoever is made again under an old name inherits neither the bucket's policy nor a key's grant", async () => {
  const Bucket = await newBucket();
  await put(Bucket);
  const nothing = policy({ Action: "sts:GetCallerIdentity" });
  const first = await w.user("phoenix", nothing);
  const AWS = `arn:aws:iam::${ACCOUNT}:user/phoenix`;
  await setPolicy(Bucket, { Principal: { AWS }, Action: "s3:GetObject" });
  const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
  const KeyId = KeyMetadata?.KeyId;
  await root.kms.send(new CreateGrantCommand({ KeyId, GranteePrincipal: AWS, Operations: ["Encrypt"] }));
  const seal = (who: Actor) => who.kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from("x") }));
  const grantee = async () =>
    (await root.kms.send(new ListGrantsCommand({ KeyId }))).Grants?.[0]?.GranteePrincipal;
  const shown = async () => (await root.s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy ?? "";
  await get(first, Bucket);
  await seal(first);
  assert.equal(await grantee(), AWS);
  assert.match(await shown(), /user\/phoenix/);
  await removeUser(first, "phoenix");
  const second = await w.user("phoenix", nothing);
  await assert.rejects(get(second, Bucket), denied("s3:GetObject"));
  await assert.rejects(seal(second), kmsDenied("kms:Encrypt"));
  assert.match((await grantee()) ?? "", /^AIDA/);
  assert.match(await shown(), /"AIDA[A-Z0-9]+"/);
  const stranger: Statement = {
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/nobody` },
    Action: "s3:GetObject",
  };
  await assert.rejects(setPolicy(Bucket, stranger), refused(400, "MalformedPolicy", /[Pp]rincipal/));
});

test("a canonical user id names its account: it delegates, stays as it was put, and must be somebody's", async () => {
  const Bucket = await newBucket();
  await put(Bucket);
  const { Owner } = await w.otherRoot.s3.send(new ListBucketsCommand({}));
  assert.match(Owner?.ID ?? "", /^[0-9a-f]{64}$/);
  const statement = { Principal: { CanonicalUser: Owner?.ID }, Action: "s3:GetObject" };
  const may = await w.user("canonical-may", policy({ Action: "s3:GetObject" }), w.otherRoot);
  const mayNot = await w.user("canonical-may-not", policy({ Action: "s3:ListBucket" }), w.otherRoot);
  await assert.rejects(get(w.otherRoot, Bucket), denied());
  await setPolicy(Bucket, statement);
  for (const who of [w.otherRoot, may]) await get(who, Bucket);
  await assert.rejects(get(mayNot, Bucket), denied());
  const shown = (await root.s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy ?? "";
  assert.deepEqual(JSON.parse(shown).Statement[0].Principal, statement.Principal);
  await setPolicy(Bucket, { ...statement, Effect: "Deny", Principal: { CanonicalUser: Owner?.ID } });
  await assert.rejects(get(w.otherRoot, Bucket), denied());
  await assert.rejects(
    setPolicy(Bucket, { ...statement, Principal: { CanonicalUser: "0".repeat(64) } }),
    refused(400, "MalformedPolicy", /Invalid principal in policy/),
  );
  await assert.rejects(
    root.kms.send(new CreateKeyCommand({ Policy: policy({ ...statement, Action: "kms:*" }) })),
    refused(400, "MalformedPolicyDocumentException"),
  );
});
