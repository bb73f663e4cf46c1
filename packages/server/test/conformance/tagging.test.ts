/** Tags of objects, of their versions and of buckets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateBucketCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetBucketTaggingCommand,
  GetObjectAclCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type Tag,
} from "@aws-sdk/client-s3";
import { call } from "./call.ts";
import { bare, ok, refused } from "./expect.ts";
import { md5 } from "./wire.ts";
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

/** Seen on S3: localstack's recorded tests test_object_tagging_versioned and test_put_object_acl_on_delete_marker. */
test("of a key under a delete marker: the marker takes none; reads find no object", async () => {
  const at = { Bucket, Key: "marked" };
  ok(await put(at.Key, "n=1"));
  const marker = ok(await call(s3, new DeleteObjectCommand(at)), 204);
  const Tagging = { TagSet: [tag("n", "2")] };
  for (const [Method, answer] of [
    ["GET", await call(s3, new GetObjectTaggingCommand(at))],
    ["PUT", await call(s3, new PutObjectTaggingCommand({ ...at, Tagging }))],
    ["DELETE", await call(s3, new DeleteObjectTaggingCommand(at))],
  ] as const) {
    refused(answer, 405, "MethodNotAllowed", { Method, ResourceType: "DeleteMarker" });
    assert.equal(answer.headers["allow"], "DELETE");
    assert.equal(answer.headers["x-amz-version-id"], marker.headers["x-amz-version-id"]);
  }
  refused(await call(s3, new GetObjectAclCommand(at)), 404, "NoSuchKey");
  bare(await call(s3, new HeadObjectCommand(at)), 404);
});

/** Seen on S3: localstack's recorded tests test_put_object_with_tags and test_object_tagging_exc. */
test("the header: empty pairs are none, and pairs are not joined by commas", async () => {
  for (const [header, tags] of [
    ["key1&&&key2", [tag("key1", ""), tag("key2", "")]],
    ["&a=1&", [tag("a", "1")]],
    ["&&", []],
    ["a=b=c", [tag("a", "b=c")]],
  ] as const) {
    ok(await put("pairs", header));
    assert.deepEqual(await tagsOf("pairs"), tags, header);
  }
  const shown = { ArgumentName: "x-amz-tagging", ArgumentValue: "key1=val1,key2=val2" };
  refused(await put("pairs", "key1=val1,key2=val2"), 400, "InvalidArgument", shown);
  refused(await put("pairs", "key=a,b"), 400, "InvalidTag", { TagKey: "key", TagValue: "a,b" });
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
  // A tag without a name: seen on S3, versitygw's issue 1215.
  for (const header of ["a=1&a=2", "%ZZ=1", "=", "=1&a=2"])
    refused(await put("limits", header), 400, "InvalidArgument");
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
    "BadRequest",
    { message: "Bucket tag count cannot be greater than 50" },
  );
  ok(await call(s3, new DeleteBucketTaggingCommand({ Bucket })), 204);
  refused(await call(s3, new GetBucketTaggingCommand({ Bucket })), 404, "NoSuchTagSet");
});

/** Seen on S3: localstack's recorded tests test_bucket_tagging_crud and test_put_bucket_tagging_none_value. */
test("an empty tag set, or a document without one, is none", async () => {
  ok(await put("emptied"));
  for (const body of ["<Tagging><TagSet/></Tagging>", "<Tagging/>"]) {
    const TagSet = [tag("a", "1")];
    ok(await call(s3, new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } })), 204);
    ok(await setTags("emptied", TagSet));
    const document = { method: "PUT", body, headers: { "content-md5": md5(body) } };
    ok(await world.wire.send({ ...document, path: `/${Bucket}?tagging` }), 204);
    refused(await call(s3, new GetBucketTaggingCommand({ Bucket })), 404, "NoSuchTagSet");
    ok(await world.wire.send({ ...document, path: `/${Bucket}/emptied?tagging` }));
    assert.deepEqual(await tagsOf("emptied"), []);
  }
});

/** Seen on S3: localstack's recorded tests test_create_bucket_with_tags_us_east_1_idempotency and ..._with_empty_tags. */
test("of a bucket that is made again: with tags it is refused, without it stays as it was", async () => {
  const at = { Bucket: "made-tagged" };
  const create = (Tags?: Tag[]) =>
    call(
      s3,
      new CreateBucketCommand({
        ...at,
        ...(Tags === undefined ? {} : { CreateBucketConfiguration: { Tags } }),
      }),
    );
  ok(await create([tag("a", "1")]));
  for (const tags of [[tag("a", "1")], [tag("b", "2")]]) {
    refused(await create(tags), 409, "BucketAlreadyOwnedByYou", { BucketName: at.Bucket });
  }
  for (const tags of [undefined, []]) {
    ok(await create(tags));
    const { output } = ok(await call(s3, new GetBucketTaggingCommand(at)));
    assert.deepEqual(output?.TagSet, [tag("a", "1")]);
  }
  const empty = { Bucket: "made-untagged", CreateBucketConfiguration: { Tags: [] } };
  ok(await call(s3, new CreateBucketCommand(empty)));
  refused(await call(s3, new GetBucketTaggingCommand({ Bucket: "made-untagged" })), 404, "NoSuchTagSet");
});

/** Seen on S3: localstack's recorded tests test_tagging_validation and test_create_bucket_with_tags_exc. */
test("AWS's own tags are refused in words that depend on what is tagged", async () => {
  const TagSet = [tag("aws:x", "1")];
  ok(await put("reserved"));
  refused(await setTags("reserved", TagSet), 400, "InvalidTag", {
    message: "Your TagKey cannot be prefixed with aws:",
    TagKey: "aws:x",
  });
  refused(await call(s3, new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } })), 400, "InvalidTag", {
    message: "System tags cannot be added/updated by requester",
    TagKey: "aws:x",
  });
  const made = { Bucket: "never-made", CreateBucketConfiguration: { Tags: TagSet } };
  const answer = await call(s3, new CreateBucketCommand(made));
  refused(answer, 400, "InvalidTag", { message: "User-defined tag keys can" });
  assert.equal(answer.element("TagKey"), undefined);
});
