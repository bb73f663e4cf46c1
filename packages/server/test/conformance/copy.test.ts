/** Copies: metadata and tags, versions, odd source names, parts of ranges, what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { call } from "./call.ts";
import { pattern } from "./encryption/row.ts";
import { ok, refused } from "./expect.ts";
import { escape } from "./wire.ts";
import { startWorld } from "./world.ts";

const world = await startWorld();
const { s3 } = world;
const Bucket = await world.bucket();
const copy = (Key: string, CopySource: string, more: Partial<CopyObjectCommandInput> = {}) =>
  call(s3, new CopyObjectCommand({ Bucket, Key, CopySource, ...more }));
const get = async (Key: string) => ok(await call(s3, new GetObjectCommand({ Bucket, Key })));
const tags = async (Key: string) => (await s3.send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet;

test("metadata and tags: copied, or replaced", async () => {
  await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: "source",
      Body: "hello",
      ContentType: "text/x",
      CacheControl: "no-store",
      Metadata: { colour: "blue" },
      Tagging: "a=1&b=2",
    }),
  );
  ok(await copy("kept", `${Bucket}/source`));
  const kept = await get("kept");
  assert.equal(kept.text, "hello");
  assert.equal(kept.headers["content-type"], "text/x");
  assert.equal(kept.headers["cache-control"], "no-store");
  assert.equal(kept.headers["x-amz-meta-colour"], "blue");
  assert.equal(kept.headers["x-amz-tagging-count"], "2");
  // New headers count only with the directive.
  ok(await copy("ignored", `${Bucket}/source`, { Metadata: { colour: "red" } }));
  assert.equal((await get("ignored")).headers["x-amz-meta-colour"], "blue");
  ok(
    await copy("replaced", `/${Bucket}/source`, {
      MetadataDirective: "REPLACE",
      Metadata: { shape: "round" },
      TaggingDirective: "REPLACE",
      Tagging: "c=3",
    }),
  );
  const replaced = await get("replaced");
  assert.equal(replaced.headers["content-type"], "binary/octet-stream");
  assert.equal(replaced.headers["x-amz-meta-colour"], undefined);
  assert.equal(replaced.headers["x-amz-meta-shape"], "round");
  assert.deepEqual(await tags("replaced"), [{ Key: "c", Value: "3" }]);
});

test("a redirect is of the copy, with either directive, and never comes along", async () => {
  const at = { Bucket, Key: "redirected" };
  await s3.send(
    new PutObjectCommand({ ...at, Body: "x", CacheControl: "no-store", WebsiteRedirectLocation: "/old" }),
  );
  const REDIRECT = "x-amz-website-redirect-location";
  const redirect = async (Key: string) => (await get(Key)).headers[REDIRECT];
  ok(await copy("redirect/none", `${Bucket}/redirected`));
  assert.equal(await redirect("redirect/none"), undefined);
  ok(await copy("redirect/copy", `${Bucket}/redirected`, { WebsiteRedirectLocation: "/new" }));
  assert.equal(await redirect("redirect/copy"), "/new");
  assert.equal((await get("redirect/copy")).headers["cache-control"], "no-store");
  const replace = { MetadataDirective: "REPLACE", WebsiteRedirectLocation: "/new" } as const;
  ok(await copy("redirect/replace", `${Bucket}/redirected`, replace));
  assert.equal(await redirect("redirect/replace"), "/new");
  // Onto itself it is change enough, and other bytes take the same path as a copy that re-encrypts.
  ok(await copy("redirected", `${Bucket}/redirected`, { WebsiteRedirectLocation: "/self" }));
  assert.equal(await redirect("redirected"), "/self");
  const sha = { WebsiteRedirectLocation: "/sha", ChecksumAlgorithm: "SHA256" } as const;
  ok(await copy("redirect/sha", `${Bucket}/redirected`, sha));
  assert.equal(await redirect("redirect/sha"), "/sha");
  await s3.send(new PutObjectCommand({ ...at, Body: "x", ContentDisposition: "x".repeat(8000) }));
  const long = await copy("redirect/long", `${Bucket}/redirected`, {
    WebsiteRedirectLocation: `/${"y".repeat(1000)}`,
  });
  refused(long, 400, "MetadataTooLarge");
});

test("sources with odd names", async () => {
  for (const Key of ["a b+c", "ü/../x", "q?versionId=1", "100%", "a//b/"]) {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    ok(await copy("odd", `${Bucket}/${Key.split("/").map(escape).join("/")}`));
    assert.equal((await get("odd")).text, Key);
  }
});

test("a version; the current one when it is a marker; none", async () => {
  const other = await world.bucket("Enabled");
  const at = { Bucket: other, Key: "v" };
  const first = await s3.send(new PutObjectCommand({ ...at, Body: "one" }));
  await s3.send(new PutObjectCommand({ ...at, Body: "two" }));
  const copied = ok(await copy("v1", `${other}/v?versionId=${first.VersionId}`));
  assert.equal(copied.headers["x-amz-copy-source-version-id"], first.VersionId);
  assert.equal((await get("v1")).text, "one");
  const marker = await s3.send(new DeleteObjectCommand(at));
  refused(await copy("v2", `${other}/v`), 404, "NoSuchKey");
  refused(await copy("v2", `${other}/v?versionId=${marker.VersionId}`), 400, "InvalidRequest");
  refused(await copy("v2", `${other}/none`), 404, "NoSuchKey");
  refused(await copy("v2", "no-such-bucket/x"), 404, "NoSuchBucket");
  for (const bad of ["", "no-slash", "%ZZ/x", `${other}/v?versionId=`]) {
    const answer = await world.wire.send({
      method: "PUT",
      path: `/${Bucket}/v2`,
      headers: { "x-amz-copy-source": bad },
    });
    assert.equal(answer.status, 400, `${bad}: ${answer.code}`);
  }
});

/** Seen on S3: localstack's recorded tests test_s3_copy_object_in_place_versioned and ..._suspended_only. */
test("version ids in the answer: the null version made is named, the null version copied is not", async () => {
  const at = { Bucket: await world.bucket(), Key: "v" };
  const set = (Status: "Enabled" | "Suspended") =>
    s3.send(new PutBucketVersioningCommand({ Bucket: at.Bucket, VersioningConfiguration: { Status } }));
  const ids = async (CopySource = `${at.Bucket}/v`) => {
    const again = new CopyObjectCommand({ ...at, CopySource, MetadataDirective: "REPLACE" });
    const { headers } = ok(await call(s3, again));
    return [headers["x-amz-version-id"], headers["x-amz-copy-source-version-id"]];
  };
  await s3.send(new PutObjectCommand({ ...at, Body: "hello" }));
  assert.deepEqual(await ids(), [undefined, undefined]);
  await set("Suspended");
  assert.deepEqual(await ids(), ["null", undefined]);
  assert.deepEqual(await ids(), ["null", undefined]);
  await set("Enabled");
  const [made, from] = await ids();
  assert.match(made ?? "", /^[0-9a-f]{32}$/);
  assert.equal(from, undefined);
  await set("Suspended");
  assert.deepEqual(await ids(), ["null", made]);
  const put = ok(await call(s3, new PutObjectCommand({ ...at, Body: "hello" })));
  assert.equal(put.headers["x-amz-version-id"], undefined);
});

test("onto itself with new metadata", async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key: "self", Body: "hello" }));
  refused(await copy("self", `${Bucket}/self`), 400, "InvalidRequest");
  ok(await copy("self", `${Bucket}/self`, { MetadataDirective: "REPLACE", Metadata: { a: "b" } }));
  const got = await get("self");
  assert.equal(got.text, "hello");
  assert.equal(got.headers["x-amz-meta-a"], "b");
});

test("directives and storage classes that there are not", async () => {
  const send = (headers: Readonly<Record<string, string>>) =>
    world.wire.send({
      method: "PUT",
      path: `/${Bucket}/x`,
      headers: { "x-amz-copy-source": `${Bucket}/self`, ...headers },
    });
  refused(await send({ "x-amz-metadata-directive": "MERGE" }), 400, "InvalidArgument");
  refused(await send({ "x-amz-tagging-directive": "MERGE" }), 400, "InvalidArgument");
  refused(await send({ "x-amz-storage-class": "GLACIER" }), 400, "InvalidStorageClass");
  refused(await send({ "x-amz-acl": "public-read" }), 400, "AccessControlListNotSupported");
});

test("parts from ranges of an object", async () => {
  const body = pattern(6 * 1024 ** 2);
  await s3.send(new PutObjectCommand({ Bucket, Key: "big", Body: body }));
  const target = { Bucket, Key: "pieced" };
  const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand(target));
  const part = (PartNumber: number, CopySourceRange: string) =>
    call(
      s3,
      new UploadPartCopyCommand({
        ...target,
        UploadId,
        PartNumber,
        CopySource: `${Bucket}/big`,
        CopySourceRange,
      }),
    );
  const size = 5 * 1024 ** 2;
  const first = ok(await part(1, `bytes=7-${size + 6}`));
  const second = ok(await part(2, "bytes=0-99"));
  for (const bad of ["bytes=0-", "bytes=-5", "bytes=9-3", `bytes=0-${body.length}`, "0-9"]) {
    const answer = await part(3, bad);
    assert.equal(answer.status, 400, `${bad}: ${answer.code}`);
  }
  // Seen on S3: localstack's recorded test test_upload_part_copy_range.
  const past = "The specified copy range is invalid for the source object size";
  for (const from of [body.length, body.length + 100])
    refused(await part(3, `bytes=${from}-${from + 9}`), 400, "InvalidRequest", { message: past });
  refused(await part(3, `bytes=9-${body.length}`), 400, "InvalidArgument", {
    message: `Range specified is not valid for source object of size: ${body.length}`,
  });
  const Parts = [first, second].map(({ output }, i) => ({
    PartNumber: i + 1,
    ETag: output?.CopyPartResult?.ETag ?? "",
  }));
  // Without a list: seen on S3, localstack's recorded tests test_multipart_no_such_upload, ..._complete_multipart_too_small.
  const complete = (id: string) => call(s3, new CompleteMultipartUploadCommand({ ...target, UploadId: id }));
  refused(await complete("none"), 404, "NoSuchUpload");
  refused(await complete(UploadId), 400, "InvalidRequest", { message: "You must specify at least one part" });
  ok(await call(s3, new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } })));
  const got = await get("pieced");
  assert.ok(got.body.equals(Buffer.concat([body.subarray(7, size + 7), body.subarray(0, 100)])));
});

/** Seen on S3: moto's verified test test_copy_object_in_place_with_versioning. */
test("onto itself: refused, unless versions are kept and the source's is named", async () => {
  const Versioned = await world.bucket("Enabled");
  const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: Versioned, Key: "k", Body: "hello" }));
  const self = (query = "") =>
    call(s3, new CopyObjectCommand({ Bucket: Versioned, Key: "k", CopySource: `${Versioned}/k${query}` }));
  refused(await self(), 400, "InvalidRequest", { message: "This copy request is illegal" });
  const made = ok(await self(`?versionId=${VersionId}`)).output?.VersionId;
  assert.ok(made !== undefined && made !== VersionId);
  refused(await self(), 400, "InvalidRequest");
});

/** Seen on S3: OpenStack Swift's test_object_copy_with_range_error. */
test("a copy of a whole object takes no range", async () => {
  ok(await call(s3, new PutObjectCommand({ Bucket, Key: "ranged", Body: "hello" })));
  const input = { Bucket, Key: "ranged-copy", CopySource: `${Bucket}/ranged` };
  const Range = "bytes=0-2";
  refused(await call(s3, new CopyObjectCommand(input), { Range }), 400, "InvalidArgument", {
    message: "RANGE is not supported in Copy!",
    ArgumentName: "Range",
    ArgumentValue: Range,
  });
});
