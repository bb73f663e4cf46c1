/** Every operation through the official SDK, over a real socket; fakes behind. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteBucketEncryptionCommand,
  DeleteBucketPolicyCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketAclCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectAclCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  RenameObjectCommand,
  S3ServiceException,
  UpdateObjectEncryptionCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { isKnownAction } from "../../policy/index.ts";
import { OPERATIONS } from "./index.ts";
import { KEY_ARN } from "../test/fake-objects.ts";
import { TestServer } from "../test/harness.ts";

let server: TestServer;
let s3: S3Client;
const Bucket = "bucket";
before(async () => {
  server = await TestServer.start();
  s3 = server.client();
  await s3.send(new CreateBucketCommand({ Bucket }));
});
after(async () => {
  s3.destroy();
  await server.stop();
});

async function code(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "no error";
  } catch (error) {
    return error instanceof S3ServiceException ? error.name : String(error);
  }
}

test("buckets: create, head, list, location, versioning, delete", async () => {
  const name = "another-bucket";
  assert.equal((await s3.send(new CreateBucketCommand({ Bucket: name }))).Location, `/${name}`);
  assert.equal((await s3.send(new HeadBucketCommand({ Bucket: name }))).BucketRegion, "us-east-1");
  const list = await s3.send(new ListBucketsCommand({ MaxBuckets: 1 }));
  assert.deepEqual(
    list.Buckets?.map((b) => b.Name),
    [name],
  );
  const rest = await s3.send(new ListBucketsCommand({ ContinuationToken: list.ContinuationToken }));
  assert.deepEqual(
    rest.Buckets?.map((b) => b.Name),
    [Bucket],
  );
  assert.equal((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint, undefined);
  assert.equal((await s3.send(new GetBucketVersioningCommand({ Bucket: name }))).Status, undefined);
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status: "Enabled" } }),
  );
  assert.equal((await s3.send(new GetBucketVersioningCommand({ Bucket: name }))).Status, "Enabled");
  await s3.send(new DeleteBucketCommand({ Bucket: name }));
  assert.equal(await code(s3.send(new HeadBucketCommand({ Bucket: name }))), "NotFound");
  assert.equal(await code(s3.send(new GetBucketLocationCommand({ Bucket: name }))), "NoSuchBucket");
});

test("bucket settings: encryption, policy, tags, ACL", async () => {
  const rule = {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "alias/<odd> & key" },
    BucketKeyEnabled: true,
    BlockedEncryptionTypes: { EncryptionType: ["SSE-C"] },
  } as const;
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ...rule, BlockedEncryptionTypes: { EncryptionType: ["SSE-C"] } }],
      },
    }),
  );
  const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  assert.deepEqual(ServerSideEncryptionConfiguration?.Rules, [rule]);
  await s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
  const fresh = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  assert.deepEqual(fresh.ServerSideEncryptionConfiguration?.Rules, [
    { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false },
  ]);

  assert.equal(await code(s3.send(new GetBucketPolicyCommand({ Bucket }))), "NoSuchBucketPolicy");
  const Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::${Bucket}/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`;
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  assert.equal((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy, Policy);
  await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  for (const bad of [
    "x",
    "{}",
    Policy.replace(Bucket, "other-bucket"),
    Policy.replace("s3:*", "s3:Nothing"),
  ]) {
    assert.equal(
      await code(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: bad }))),
      "MalformedPolicy",
      bad,
    );
  }

  assert.equal(await code(s3.send(new GetBucketTaggingCommand({ Bucket }))), "NoSuchTagSet");
  const TagSet = [{ Key: "team", Value: "a & b" }];
  assert.equal(
    await code(s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))),
    "InvalidTag",
  );
  await s3.send(
    new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: "team", Value: "a + b" }] } }),
  );
  assert.deepEqual((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet, [
    { Key: "team", Value: "a + b" },
  ]);
  await s3.send(new DeleteBucketTaggingCommand({ Bucket }));

  const acl = await s3.send(new GetBucketAclCommand({ Bucket }));
  assert.equal(acl.Grants?.[0]?.Permission, "FULL_CONTROL");
  assert.equal(acl.Grants?.[0]?.Grantee?.ID, acl.Owner?.ID);
});

test("objects: put, get, head, range, attributes, copy, delete", async () => {
  const Key = "a/../b//ü + %2F &<>.txt";
  const put = await s3.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body: "hello",
      ContentType: "text/plain",
      CacheControl: "no-cache",
      Metadata: { one: "1" },
      Tagging: "x=1&y=2",
    }),
  );
  assert.equal(put.ETag, '"5d41402abc4b2a76b9719d911017c592"');
  assert.equal(put.ServerSideEncryption, "AES256");
  const get = await s3.send(new GetObjectCommand({ Bucket, Key }));
  assert.equal(await get.Body?.transformToString(), "hello");
  assert.equal(get.ContentType, "text/plain");
  assert.equal(get.CacheControl, "no-cache");
  assert.deepEqual(get.Metadata, { one: "1" });
  assert.equal(get.TagCount, 2);
  const part = await s3.send(new GetObjectCommand({ Bucket, Key, Range: "bytes=1-2" }));
  assert.equal(await part.Body?.transformToString(), "el");
  assert.equal(part.ContentRange, "bytes 1-2/5");
  assert.equal((await s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength, 5);
  const attributes = await s3.send(
    new GetObjectAttributesCommand({
      Bucket,
      Key,
      ObjectAttributes: ["ETag", "ObjectSize", "Checksum", "StorageClass"],
    }),
  );
  assert.equal(attributes.ETag, "5d41402abc4b2a76b9719d911017c592");
  assert.equal(attributes.ObjectSize, 5);
  assert.equal(attributes.Checksum?.ChecksumType, "FULL_OBJECT");
  const copy = await s3.send(
    new CopyObjectCommand({ Bucket, Key: "copy", CopySource: encodeURIComponent(`${Bucket}/${Key}`) }),
  );
  assert.equal(copy.CopyObjectResult?.ETag, put.ETag);
  assert.equal((await s3.send(new GetObjectAclCommand({ Bucket, Key }))).Grants?.length, 1);
  await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  assert.equal(await code(s3.send(new GetObjectCommand({ Bucket, Key }))), "NoSuchKey");
  assert.equal(await code(s3.send(new HeadObjectCommand({ Bucket, Key }))), "NotFound");
  assert.equal(
    await code(s3.send(new RenameObjectCommand({ Bucket, Key: "copy", RenameSource: "x" }))),
    "NotImplemented",
  );
});

test("a large body streams both ways", async () => {
  const Body = Buffer.alloc(3_000_000, "0123456789abcdef");
  await s3.send(new PutObjectCommand({ Bucket, Key: "large", Body }));
  const get = await s3.send(new GetObjectCommand({ Bucket, Key: "large", ChecksumMode: "ENABLED" }));
  assert.deepEqual(Buffer.from((await get.Body?.transformToByteArray()) ?? []), Body);
});

test("encryption headers come through and are shown", async () => {
  const kms = await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: "kms",
      Body: "x",
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: KEY_ARN,
      SSEKMSEncryptionContext: "eyJkZXB0IjoiZmluIn0=",
      BucketKeyEnabled: true,
    }),
  );
  assert.equal(kms.SSEKMSKeyId, KEY_ARN);
  assert.equal(kms.BucketKeyEnabled, true);
  assert.equal(kms.SSEKMSEncryptionContext, "eyJkZXB0IjoiZmluIn0=");
  const read = await s3.send(new HeadObjectCommand({ Bucket, Key: "kms" }));
  assert.equal(read.ServerSideEncryption, "aws:kms");
  const key = Buffer.from(Uint8Array.from({ length: 32 }, (_, i) => i));
  const ssec = {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: key.toString("base64"),
    SSECustomerKeyMD5: "tP/LI3N87DFaSk0aoqYgzg==",
  };
  const put = await s3.send(new PutObjectCommand({ Bucket, Key: "ssec", Body: "x", ...ssec }));
  assert.equal(put.SSECustomerKeyMD5, ssec.SSECustomerKeyMD5);
  assert.equal(put.ServerSideEncryption, undefined);
});

test("UpdateObjectEncryption", async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key: "update", Body: "x" }));
  const update = (KMSKeyArn: string) =>
    s3.send(
      new UpdateObjectEncryptionCommand({
        Bucket,
        Key: "update",
        ObjectEncryption: { SSEKMS: { KMSKeyArn, BucketKeyEnabled: true } },
      }),
    );
  await update(KEY_ARN);
  assert.deepEqual(server.store.seen.get("updateEncryption"), {
    key: "update",
    keyArn: KEY_ARN,
    bucketKey: true,
  });
  assert.equal(await code(update("alias/aws/s3-not-an-arn")), "InvalidRequest");
  assert.equal(await code(update(KEY_ARN.replace("000000000000", "111111111111"))), "AccessDenied");
});

test("tags", async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key: "tagged", Body: "x" }));
  const TagSet = [
    { Key: "k", Value: "v" },
    { Key: "ü", Value: "" },
  ];
  await s3.send(new PutObjectTaggingCommand({ Bucket, Key: "tagged", Tagging: { TagSet } }));
  assert.deepEqual((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "tagged" }))).TagSet, TagSet);
  await s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: "tagged" }));
  assert.deepEqual((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "tagged" }))).TagSet, []);
});

test("listings", async () => {
  const name = "list-bucket";
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  const keys = ["a", "b/1", "b/2", "c d", "e\u0001f", "ü/x", "z"];
  for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket: name, Key, Body: Key }));
  const found: string[] = [];
  let token: string | undefined;
  do {
    const page: Awaited<ReturnType<typeof listPage>> = await listPage(name, token);
    found.push(
      ...(page.Contents ?? []).map((o) => o.Key ?? ""),
      ...(page.CommonPrefixes ?? []).map((p) => p.Prefix ?? ""),
    );
    token = page.NextContinuationToken;
  } while (token !== undefined);
  assert.deepEqual(
    found,
    ["a", "b/", "c%20d", "e%01f", "%C3%BC/", "z"].toSorted((a, b) => found.indexOf(a) - found.indexOf(b)),
  );
  const v1 = await s3.send(new ListObjectsCommand({ Bucket: name, Delimiter: "/", MaxKeys: 2 }));
  assert.equal(v1.NextMarker, "b/");
  const v1next = await s3.send(
    new ListObjectsCommand({ Bucket: name, Delimiter: "/", MaxKeys: 2, Marker: "b/" }),
  );
  assert.equal(v1next.Contents?.[0]?.Key, "c d");
  assert.ok(v1.Contents?.[0]?.Owner?.ID);
  const versions = await s3.send(new ListObjectVersionsCommand({ Bucket: name, EncodingType: "url" }));
  assert.equal(versions.Versions?.length, keys.length);
  const deleted = await s3.send(
    new DeleteObjectsCommand({ Bucket: name, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
  );
  assert.deepEqual(
    deleted.Deleted?.map((d) => d.Key),
    keys,
  );
  assert.equal((await s3.send(new ListObjectsV2Command({ Bucket: name }))).KeyCount, 0);
});
const listPage = (Bucket: string, ContinuationToken: string | undefined) =>
  s3.send(
    new ListObjectsV2Command({
      Bucket,
      Delimiter: "/",
      EncodingType: "url",
      MaxKeys: 1,
      FetchOwner: true,
      ContinuationToken,
    }),
  );

test("multipart", async () => {
  const Key = "multi";
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({
      Bucket,
      Key,
      ChecksumAlgorithm: "CRC32",
      ServerSideEncryption: "AES256",
    }),
  );
  const one = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: "one" }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "source", Body: "0123456789" }));
  const two = await s3.send(
    new UploadPartCopyCommand({
      Bucket,
      Key,
      UploadId,
      PartNumber: 2,
      CopySource: `${Bucket}/source`,
      CopySourceRange: "bytes=2-4",
    }),
  );
  const parts = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 1 }));
  assert.equal(parts.Parts?.length, 1);
  assert.equal(parts.IsTruncated, true);
  assert.equal(parts.NextPartNumberMarker, "1");
  const fromStart = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker: "" }));
  assert.equal(fromStart.Parts?.length, 2);
  assert.equal((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.[0]?.UploadId, UploadId);
  const done = await s3.send(
    new CompleteMultipartUploadCommand({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: {
        Parts: [
          { PartNumber: 1, ETag: one.ETag, ChecksumCRC32: "eoWrGQ==" },
          { PartNumber: 2, ETag: two.CopyPartResult?.ETag },
        ],
      },
    }),
  );
  assert.match(done.ETag ?? "", /^"[0-9a-f]{32}-2"$/);
  assert.equal(done.Location, `http://127.0.0.1:${server.port}/bucket/multi`);
  const get = await s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 1 }));
  assert.equal(get.PartsCount, 2);
  assert.equal(await get.Body?.transformToString(), "one234");
  const again = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: again.UploadId }));
  assert.equal(
    await code(s3.send(new ListPartsCommand({ Bucket, Key, UploadId: again.UploadId }))),
    "NoSuchUpload",
  );
});

test("presigned URLs: read, write with headers, response overrides", async () => {
  const put = await getSignedUrl(
    s3,
    new PutObjectCommand({ Bucket, Key: "signed", ServerSideEncryption: "AES256", ContentType: "text/css" }),
    { expiresIn: 60 },
  );
  // The SDK signs the checksum of an empty body into the URL; S3 ignores it.
  assert.match(put, /x-amz-checksum-crc32=AAAAAA/);
  const written = await fetch(put, {
    method: "PUT",
    body: "signed body",
    headers: { "x-amz-server-side-encryption": "AES256", "content-type": "text/css" },
  });
  assert.equal(written.status, 200, await written.text());
  const get = await getSignedUrl(
    s3,
    new GetObjectCommand({ Bucket, Key: "signed", ResponseContentDisposition: 'attachment; filename="x"' }),
  );
  const read = await fetch(get);
  assert.equal(await read.text(), "signed body");
  assert.equal(read.headers.get("content-disposition"), 'attachment; filename="x"');
});

test("browser forms", async () => {
  const { url, fields } = await createPresignedPost(s3, {
    Bucket,
    Key: "form/${filename}",
    Conditions: [
      ["starts-with", "$key", "form/"],
      ["starts-with", "$x-amz-meta-colour", ""],
      ["content-length-range", 1, 20_000_000],
    ],
    Fields: { success_action_status: "201", "x-amz-meta-colour": "blau" },
    Expires: 60,
  });
  const post = async (bytes: Buffer): Promise<Response> => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", new Blob([new Uint8Array(bytes)]), "name ü.txt");
    return fetch(url, { method: "POST", body: form });
  };
  for (const size of [5, 100_000, 9_000_000]) {
    const answer = await post(Buffer.alloc(size, "x"));
    const text = await answer.text();
    assert.equal(answer.status, 201, text);
    assert.match(text, /<Key>form\/name ü.txt<\/Key>/);
    const read = await s3.send(new GetObjectCommand({ Bucket, Key: "form/name ü.txt" }));
    assert.equal((await read.Body?.transformToByteArray())?.length, size);
    assert.equal(read.Metadata?.["colour"], "blau");
  }
  assert.equal((await post(Buffer.alloc(0))).status, 400);
});

test("browser forms: where they lead, and what they may not do", async () => {
  const post = async (
    Fields: Record<string, string>,
    options: { readonly extra?: Record<string, string>; readonly type?: string } = {},
  ): Promise<Response> => {
    const { url, fields } = await createPresignedPost(s3, {
      Bucket,
      Key: "form&key",
      Fields,
      Conditions: [
        ["starts-with", "$success_action_redirect", ""],
        ["starts-with", "$acl", ""],
      ],
      Expires: 60,
    });
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...fields, ...options.extra })) form.append(name, value);
    form.append("file", new Blob(["data"]), "f");
    return fetch(url, {
      method: "POST",
      redirect: "manual",
      body: options.type === undefined ? form : "x",
      ...(options.type === undefined ? {} : { headers: { "content-type": options.type } }),
    });
  };
  assert.equal((await post({})).status, 204);
  assert.equal((await post({ success_action_status: "200" })).status, 200);
  assert.equal((await post({ success_action_status: "418" })).status, 204);
  const away = await post({ success_action_redirect: "https://example.org/done?x=1" });
  assert.equal(away.status, 303);
  assert.match(
    away.headers.get("location") ?? "",
    /^https:\/\/example\.org\/done\?x=1&bucket=bucket&key=form%26key&etag=%22[0-9a-f]{32}%22$/,
  );
  assert.equal((await post({ success_action_redirect: "javascript:alert(1)" })).status, 204);
  const codeIn = async (answer: Promise<Response>): Promise<string | undefined> =>
    /<Code>(.*)<\/Code>/.exec(await (await answer).text())?.[1];
  assert.equal(await codeIn(post({ acl: "public-read" })), "AccessControlListNotSupported");
  assert.equal(
    await codeIn(post({}, { extra: { "x-amz-server-side-encryption": "AES256" } })),
    "AccessDenied",
  );
  assert.equal(await codeIn(post({}, { extra: { Policy: "e30=" } })), "SignatureDoesNotMatch");
  assert.equal(await codeIn(post({}, { type: "text/plain" })), "PreconditionFailed");
});

test("known operations that are not implemented say so by name; every action asked for is known to policies", async () => {
  for (const op of OPERATIONS) {
    if (op.supported) continue;
    const { method, target, query = [] } = op.route;
    const path = `/${Bucket}${target === "object" ? "/key" : ""}?${query.map((q) => (q.includes("=") ? q : `${q}=`)).join("&")}`;
    const answer = await server.send({ method, path });
    assert.equal(answer.status, 501, `${method} ${path}: ${answer.text}`);
    assert.equal(answer.element("Message"), `${op.name} is not implemented`);
  }
  const unknown = new Set(server.asked.map((a) => a.action).filter((action) => !isKnownAction(action)));
  assert.deepEqual([...unknown], []);
});
