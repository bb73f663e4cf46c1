/** Tags of objects, of their versions and of buckets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DeleteBucketTaggingCommand,
  DeleteObjectTaggingCommand,
  GetBucketTaggingCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type Tag,
} from "@aws-sdk/client-s3";
import { call } from "./call.ts";
import { ok, refused } from "./expect.ts";
import { startWorld } from "./world.ts";

const world = await startWorld();
const { s3 } = world;
const Bucket = await world.bucket("Enabled");
const tag = (Key: string, Value: string): Tag => ({ Key, Value });
const put = (Key: string, Tagging?: string) =>
  call(s3, new PutObjectCommand({ Bucket, Key, Body: "x", ...(Tagging === undefined ? {} : { Tagging }) }));
const setTags = (Key: string, TagSet: Tag[], VersionId?: string) =>
  call(
    s3,
    new PutObjectTaggingCommand({
      Bucket,
      Key,
      Tagging: { TagSet },
      ...(VersionId === undefined ? {} : { VersionId }),
    }),
  );
const tagsOf = async (Key: string, VersionId?: string) =>
  ok(
    await call(
      s3,
      new GetObjectTaggingCommand({ Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) }),
    ),
  ).output?.TagSet;

test("of an object: in the header, put, replaced, removed, counted; ETag and date stay", async () => {
  ok(await put("o", "a=1&b=%C3%BC%20x&c="));
  assert.deepEqual(await tagsOf("o"), [tag("a", "1"), tag("b", "ü x"), tag("c", "")]);
  const before = ok(await call(s3, new HeadObjectCommand({ Bucket, Key: "o" })));
  assert.equal(before.headers["x-amz-tagging-count"], "3");
  ok(await setTags("o", [tag("<&>".replaceAll(/[<&>]/g, "+"), "v"), tag("+-=._:/@", "")]));
  const after = ok(await call(s3, new HeadObjectCommand({ Bucket, Key: "o" })));
  assert.equal(after.headers["x-amz-tagging-count"], "2");
  for (const name of ["etag", "last-modified", "x-amz-version-id"]) {
    assert.equal(after.headers[name], before.headers[name], name);
  }
  ok(await call(s3, new DeleteObjectTaggingCommand({ Bucket, Key: "o" })), 204);
  assert.deepEqual(await tagsOf("o"), []);
  const none = ok(await call(s3, new HeadObjectCommand({ Bucket, Key: "o" })));
  assert.equal(none.headers["x-amz-tagging-count"], undefined);
});

test("of a version", async () => {
  const first = ok(await put("v", "n=1")).headers["x-amz-version-id"] ?? "";
  ok(await put("v", "n=2"));
  assert.deepEqual(await tagsOf("v", first), [tag("n", "1")]);
  const answer = ok(await setTags("v", [tag("n", "one")], first));
  assert.equal(answer.headers["x-amz-version-id"], first);
  assert.deepEqual(await tagsOf("v", first), [tag("n", "one")]);
  assert.deepEqual(await tagsOf("v"), [tag("n", "2")]);
  refused(await call(s3, new GetObjectTaggingCommand({ Bucket, Key: "none" })), 404, "NoSuchKey");
});

test("limits: ten tags, 128 and 256 characters, no key twice, none of AWS's own", async () => {
  ok(await put("limits"));
  const many = (n: number) => Array.from({ length: n }, (_, i) => tag(`k${i}`, "v"));
  ok(await setTags("limits", many(10)));
  refused(await setTags("limits", many(11)), 400, "BadRequest");
  ok(await setTags("limits", [tag("k".repeat(128), "v".repeat(256))]));
  for (const bad of [
    [tag("k".repeat(129), "v")],
    [tag("k", "v".repeat(257))],
    [tag("", "v")],
    [tag("a", "1"), tag("a", "2")],
    [tag("aws:x", "1")],
    [tag("k", "<")],
  ]) {
    refused(await setTags("limits", bad), 400, "InvalidTag");
  }
  for (const header of ["a=1&a=2", "%ZZ=1"]) refused(await put("limits", header), 400, "InvalidArgument");
});

test("of a bucket", async () => {
  refused(await call(s3, new GetBucketTaggingCommand({ Bucket })), 404, "NoSuchTagSet");
  const TagSet = [tag("b", "2"), tag("a", "1")];
  ok(await call(s3, new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } })), 204);
  assert.deepEqual(ok(await call(s3, new GetBucketTaggingCommand({ Bucket }))).output?.TagSet, TagSet);
  const many = Array.from({ length: 51 }, (_, i) => tag(`k${i}`, ""));
  refused(
    await call(s3, new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: many } })),
    400,
    "InvalidTag",
  );
  ok(await call(s3, new DeleteBucketTaggingCommand({ Bucket })), 204);
  refused(await call(s3, new GetBucketTaggingCommand({ Bucket })), 404, "NoSuchTagSet");
});
