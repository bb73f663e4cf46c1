/** Conditional requests: reads by RFC 9110, writes and deletes decided with the write itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
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
    [{ "if-match": `${OTHER}, ${ETAG}` }, 200],
    [{ "if-match": "*" }, 200],
    [{ "if-match": OTHER }, 412],
    [{ "if-none-match": ETAG }, 304],
    [{ "if-none-match": `W/${ETAG}` }, 304],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": OTHER }, 200],
    [{ "if-modified-since": past }, 200],
    [{ "if-modified-since": new Date().toUTCString() }, 304],
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
  refused(await put("new", { "if-match": ETAG }), 404, "NoSuchKey");
  ok(await put("new", { "if-none-match": "*" }));
  refused(await put("new", { "if-none-match": "*" }), 412, "PreconditionFailed");
  refused(await put("new", { "if-match": OTHER }), 412, "PreconditionFailed");
  ok(await put("new", { "if-match": ETAG }));
  refused(await put("new", { "if-none-match": ETAG }), 501, "NotImplemented");
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
    ["If-Modified-Since", future],
    ["If-Unmodified-Since", past],
  ] as const) {
    const Condition = `x-amz-copy-source-${name}`;
    refused(await copy(from(name.toLowerCase(), value)), 412, "PreconditionFailed", { Condition });
  }
  ok(await copy(from("if-match", ETAG)));
  refused(await copy({ "if-none-match": "*" }), 412, "PreconditionFailed");
});

test("deletes: If-Match", async () => {
  const remove = (Key: string, headers: Headers) =>
    call(s3, new DeleteObjectCommand({ Bucket, Key }), headers);
  ok(await put("doomed"));
  refused(await remove("doomed", { "if-match": OTHER }), 412, "PreconditionFailed");
  ok(await remove("doomed", { "if-match": ETAG }), 204);
  ok(await put("doomed"));
  ok(await remove("doomed", { "if-match": "*" }), 204);
});
