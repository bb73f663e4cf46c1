/** Conditional requests: reads by RFC 9110, writes and deletes decided with the write itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type BucketVersioningStatus,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type ObjectIdentifier,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { call, type Headers } from "./call.ts";
import { bare, ok, refused } from "./expect.ts";
import { startWorld } from "./world.ts";

const world = await startWorld();
const { s3 } = world;
const Bucket = await world.bucket();
const ETAG = '"5d41402abc4b2a76b9719d911017c592"';
const OTHER = '"00000000000000000000000000000000"';
const past = new Date(Date.now() - 3600_000).toUTCString();
const future = new Date(Date.now() + 3600_000).toUTCString();

const put = (Key: string, headers: Headers = {}) =>
  call(s3, new PutObjectCommand({ Bucket, Key, Body: "hello" }), headers);

test("reads: each condition alone and their precedence", async () => {
  ok(await put("read"));
  const rows: readonly (readonly [Headers, 200 | 304 | 412])[] = [
    [{ "if-match": ETAG }, 200],
    [{ "if-match": ETAG.replaceAll('"', "") }, 200],
    // Seen on S3, of a write: moto's verified test test_put_object_if_match.
    [{ "if-match": ETAG.slice(1) }, 200],
    [{ "if-match": ETAG.slice(0, -1) }, 200],
    [{ "if-match": `${OTHER}, ${ETAG}` }, 200],
    [{ "if-match": "*" }, 200],
    [{ "if-match": OTHER }, 412],
    [{ "if-none-match": ETAG }, 304],
    [{ "if-none-match": `W/${ETAG}` }, 304],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": OTHER }, 200],
    [{ "if-modified-since": past }, 200],
    [{ "if-modified-since": new Date().toUTCString() }, 304],
    // Seen on S3: localstack's recorded test test_s3_get_object_preconditions.
    [{ "if-modified-since": future }, 200],
    [{ "if-unmodified-since": past }, 412],
    [{ "if-unmodified-since": future }, 200],
    // If-Match true wins over If-Unmodified-Since false; If-None-Match false wins over If-Modified-Since true.
    [{ "if-match": ETAG, "if-unmodified-since": past }, 200],
    [{ "if-none-match": ETAG, "if-modified-since": past }, 304],
    // Dates that are none are no conditions.
    [{ "if-modified-since": "yesterday" }, 200],
  ];
  for (const [headers, status] of rows) {
    const got = await call(s3, new GetObjectCommand({ Bucket, Key: "read" }), headers);
    assert.equal(got.status, status, JSON.stringify(headers));
    if (status === 412) refused(got, 412, "PreconditionFailed");
    if (status === 304) {
      assert.equal(got.body.length, 0);
      assert.equal(got.headers["etag"], ETAG);
    }
    const head = await call(s3, new HeadObjectCommand({ Bucket, Key: "read" }), headers);
    assert.equal(head.status, status, JSON.stringify(headers));
    if (status !== 200) bare(head, status);
  }
});

test("writes: If-None-Match * makes only what is not there; If-Match replaces only what is", async () => {
  refused(await put("new", { "if-match": ETAG }), 404, "NoSuchKey", { Key: "new" });
  ok(await put("new", { "if-none-match": "*" }));
  refused(await put("new", { "if-none-match": "*" }), 412, "PreconditionFailed");
  refused(await put("new", { "if-match": OTHER }), 412, "PreconditionFailed");
  for (const etag of [ETAG, ETAG.slice(1), ETAG.replaceAll('"', "")])
    ok(await put("new", { "if-match": etag }));
  // Seen on S3: localstack's recorded tests of TestS3ObjectWritePrecondition.
  const copy = (headers: Headers) =>
    call(s3, new CopyObjectCommand({ Bucket, Key: "new", CopySource: `${Bucket}/new` }), headers);
  for (const write of [put.bind(undefined, "new"), copy]) {
    for (const [headers, Header, additionalMessage] of [
      [
        { "if-none-match": ETAG },
        "If-None-Match",
        "We don't accept the provided value of If-None-Match header for this API",
      ],
      [{ "if-match": "*" }, "If-Match", "We don't accept the provided value of If-Match header for this API"],
      [
        { "if-match": "*", "if-none-match": ETAG },
        "If-Match,If-None-Match",
        "Multiple conditional request headers present in the request",
      ],
    ] as const) {
      refused(await write(headers), 501, "NotImplemented", { Header, additionalMessage });
    }
  }
});

test("of many conditional creations at once exactly one succeeds", async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => put("race", { "if-none-match": "*" })));
  const statuses = answers.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
  for (const status of statuses) assert.ok([200, 409, 412].includes(status));
});

test("Complete and copy take conditions, too", async () => {
  ok(await put("there"));
  const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "there" }));
  const part = await s3.send(
    new UploadPartCommand({ Bucket, Key: "there", UploadId, PartNumber: 1, Body: "x" }),
  );
  const Parts = [{ PartNumber: 1, ETag: part.ETag ?? "", ChecksumCRC32: part.ChecksumCRC32 ?? "" }];
  const complete = (headers: Headers) =>
    call(
      s3,
      new CompleteMultipartUploadCommand({ Bucket, Key: "there", UploadId, MultipartUpload: { Parts } }),
      headers,
    );
  refused(await complete({ "if-none-match": "*" }), 412, "PreconditionFailed");
  refused(await complete({ "if-match": OTHER }), 412, "PreconditionFailed");
  ok(await complete({ "if-match": ETAG }));

  ok(await put("source"));
  const copy = (headers: Headers) =>
    call(s3, new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/source` }), headers);
  const from = (name: string, value: string): Headers => ({ [`x-amz-copy-source-${name}`]: value });
  for (const [name, value] of [
    ["If-Match", OTHER],
    ["If-None-Match", ETAG],
    ["If-Modified-Since", new Date().toUTCString()],
    ["If-Unmodified-Since", past],
  ] as const) {
    const Condition = `x-amz-copy-source-${name}`;
    refused(await copy(from(name.toLowerCase(), value)), 412, "PreconditionFailed", { Condition });
  }
  ok(await copy(from("if-match", ETAG)));
  refused(await copy({ "if-none-match": "*" }), 412, "PreconditionFailed");

  // Seen on S3: localstack's recorded tests test_s3_copy_object_preconditions and test_upload_part_copy_with_..._in_future_success.
  ok(await copy(from("if-modified-since", future)));
  const begun = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "copy" }));
  const at = { Bucket, Key: "copy", UploadId: begun.UploadId ?? "", PartNumber: 1 };
  const part1 = new UploadPartCopyCommand({ ...at, CopySource: `${Bucket}/source` });
  ok(await call(s3, part1, from("if-modified-since", future)));
});

async function bucketOf(versioning: "Unversioned" | BucketVersioningStatus): Promise<string> {
  const bucket = await world.bucket();
  if (versioning === "Unversioned") return bucket;
  const VersioningConfiguration = { Status: versioning };
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  return bucket;
}

/** Seen on S3: localstack's recorded tests test_multipart_if_none_match_with_* and test_multipart_if_match_with_*. */
for (const versioning of ["Unversioned", "Enabled"] as const)
  test(`Complete under a condition, the key changed during the upload, ${versioning.toLowerCase()}`, async () => {
    const at = { Bucket: await bucketOf(versioning), Key: "k" };
    const steps = {
      hello: () => s3.send(new PutObjectCommand({ ...at, Body: "hello" })),
      world: () => s3.send(new PutObjectCommand({ ...at, Body: "world" })),
      remove: () => s3.send(new DeleteObjectCommand(at)),
      tag: () =>
        s3.send(new PutObjectTaggingCommand({ ...at, Tagging: { TagSet: [{ Key: "a", Value: "b" }] } })),
    };
    const WORLD = '"7d793037a0760186574b0282f2f435e7"';
    const conflict = "ConditionalRequestConflict";
    const rows: readonly (readonly [
      readonly (keyof typeof steps)[],
      readonly (keyof typeof steps)[],
      Headers,
      string?,
    ])[] = [
      [[], [], { "if-none-match": "*" }],
      [[], ["hello"], { "if-none-match": "*" }, "PreconditionFailed"],
      [[], ["hello"], { "if-match": ETAG }, conflict],
      [["hello"], [], { "if-match": ETAG }],
      [["hello"], [], { "if-none-match": "*" }, "PreconditionFailed"],
      [["hello"], ["remove"], { "if-none-match": "*" }, conflict],
      [["hello", "remove"], [], { "if-none-match": "*" }],
      [["hello"], ["remove"], { "if-match": ETAG }, "NoSuchKey"],
      [["hello"], ["remove", "hello"], { "if-match": ETAG }, conflict],
      [["hello"], ["hello"], { "if-match": ETAG }, conflict],
      [["hello"], ["world"], { "if-match": ETAG }, "PreconditionFailed"],
      [["hello"], ["world"], { "if-match": WORLD }, conflict],
      // Nothing was written: the version is the one that stood there.
      [["hello"], ["tag"], { "if-match": ETAG }],
      [["hello"], ["world"], {}],
    ];
    for (const [before, during, headers, code] of rows) {
      await steps.remove();
      for (const step of before) await steps[step]();
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at));
      const { ETag } = await s3.send(
        new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: "parts" }),
      );
      for (const step of during) await steps[step]();
      const complete = (conditions: Headers) => {
        const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
        return call(s3, new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload }), conditions);
      };
      const answer = await complete(headers);
      if (code === undefined) ok(answer);
      else refused(answer, code === conflict ? 409 : code === "NoSuchKey" ? 404 : 412, code);
      if (code !== conflict) continue;
      const Condition = headers["if-match"] === undefined ? "If-None-Match" : "If-Match";
      refused(answer, 409, conflict, { Condition, Key: at.Key });
      // The upload is open still.
      ok(await complete({}));
    }
  });

/** What S3 was seen to answer: localstack#13894, ministack#1475. */
for (const versioning of ["Unversioned", "Enabled", "Suspended"] as const)
  test(`deletes: If-Match, ${versioning.toLowerCase()}`, async () => {
    const bucket = await bucketOf(versioning);
    const remove = (Key: string, headers: Headers = {}, VersionId?: string) => {
      const version = VersionId === undefined ? {} : { VersionId };
      return call(s3, new DeleteObjectCommand({ Bucket: bucket, Key, ...version }), headers);
    };
    const removeMany = async (...Objects: ObjectIdentifier[]) => {
      const { Deleted = [], Errors = [] } = await s3.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }),
      );
      return [...Deleted.map(() => "deleted"), ...Errors.map(({ Code }) => Code)];
    };
    const store = () => s3.send(new PutObjectCommand({ Bucket: bucket, Key: "doomed", Body: "hello" }));
    for (const match of ["*", ETAG, OTHER]) {
      refused(await remove("never", { "if-match": match }), 404, "NoSuchKey");
      assert.deepEqual(await removeMany({ Key: "never", ETag: match }), ["NoSuchKey"]);
    }
    ok(await remove("never"), 204);

    const { VersionId } = await store();
    refused(await remove("doomed", { "if-match": OTHER }), 412, "PreconditionFailed");
    assert.deepEqual(await removeMany({ Key: "doomed", ETag: OTHER }), ["PreconditionFailed"]);
    ok(await remove("doomed", { "if-match": ETAG }), 204);
    // Gone, or under a marker: S3 does not look below it.
    for (const match of ["*", ETAG, OTHER])
      refused(await remove("doomed", { "if-match": match }), 404, "NoSuchKey");
    assert.deepEqual(await removeMany({ Key: "doomed", ETag: ETAG }), ["NoSuchKey"]);
    ok(await remove("doomed"), 204);

    await store();
    ok(await remove("doomed", { "if-match": "*" }), 204);
    await store();
    assert.deepEqual(await removeMany({ Key: "doomed", ETag: ETAG }), ["deleted"]);

    await store();
    const version = VersionId ?? "null";
    refused(await remove("doomed", { "if-match": ETAG }, version), 501, "NotImplemented", {
      Header: "If-Match",
    });
    assert.deepEqual(await removeMany({ Key: "doomed", ETag: ETAG, VersionId: version }), ["NotImplemented"]);
    for (const [header, value] of [
      ["x-amz-if-match-size", String("hello".length)],
      ["x-amz-if-match-last-modified-time", new Date().toUTCString()],
    ] as const)
      refused(await remove("doomed", { [header]: value }), 501, "NotImplemented", { Header: header });
    await assert.rejects(removeMany({ Key: "doomed", Size: "hello".length }), { name: "NotImplemented" });
    await assert.rejects(removeMany({ Key: "doomed", LastModifiedTime: new Date() }), {
      name: "NotImplemented",
    });
    ok(await call(s3, new HeadObjectCommand({ Bucket: bucket, Key: "doomed" })), 200);
  });

test("of deletes at once under one ETag one wins", async () => {
  for (const versioning of ["Unversioned", "Enabled"] as const) {
    const bucket = await bucketOf(versioning);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "once", Body: "hello" }));
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        call(s3, new DeleteObjectCommand({ Bucket: bucket, Key: "once" }), { "if-match": ETAG }),
      ),
    );
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [204, ...Array.from({ length: 11 }, () => 404)],
    );
  }
});
