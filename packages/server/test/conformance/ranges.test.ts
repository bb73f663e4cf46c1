/** Ranges in every mode: at the seams of segments and parts, past the end, suffixes, what is no range. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { call, type Headers } from "./call.ts";
import { c3, K1, pattern, sse } from "./encryption/row.ts";
import { ok, refused } from "./expect.ts";
import { CMK1, startWorld } from "./world.ts";

const world = await startWorld();
const { s3 } = world;
const Bucket = await world.bucket();
const VECTORS = join(import.meta.dirname, "../../../../testdata/s3-encryption-client");
const SEGMENT = 64 * 1024;
const MODES: readonly (readonly [name: string, write: Headers, read: Headers])[] = [
  ["SSE-S3", {}, {}],
  ["SSE-KMS", sse("aws:kms", CMK1), {}],
  ["DSSE-KMS", sse("aws:kms:dsse", CMK1), {}],
  ["SSE-C", c3(K1), c3(K1)],
];
/** Empty, inline, one segment to the byte, several. */
const SIZES = [0, 1, 1000, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT + 17];

function edges(size: number): readonly (readonly [from: number, to: number])[] {
  const points = [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, size - 2, size - 1].filter(
    (n) => n >= 0 && n < size,
  );
  return points.flatMap((from) => points.filter((to) => to >= from).map((to) => [from, to] as const));
}

for (const [mode, write, read] of MODES) {
  test(`${mode}: every range between the seams, by size`, async () => {
    for (const size of SIZES) {
      const Key = `${mode}/${size}`;
      const body = pattern(size);
      ok(await call(s3, new PutObjectCommand({ Bucket, Key, Body: body }), write));
      const get = (Range: string) => call(s3, new GetObjectCommand({ Bucket, Key, Range }), read);
      for (const [from, to] of edges(size)) {
        const got = ok(await get(`bytes=${from}-${to}`), 206);
        assert.equal(got.headers["content-range"], `bytes ${from}-${to}/${size}`);
        assert.equal(got.headers["content-length"], String(to - from + 1));
        assert.ok(got.body.equals(body.subarray(from, to + 1)), `${mode}, ${size} bytes, ${from} to ${to}`);
      }
      refused(await get(`bytes=${size}-`), 416, "InvalidRange", { ActualObjectSize: String(size) });
      if (size === 0) continue;
      for (const [Range, from] of [
        [`bytes=${size - 1}-`, size - 1],
        [`bytes=0-${size * 10}`, 0],
        ["bytes=-1", size - 1],
        [`bytes=-${size + 5}`, 0],
      ] as const) {
        const got = ok(await get(Range), 206);
        assert.ok(got.body.equals(body.subarray(from)), `${mode}, ${size} bytes, ${Range}`);
      }
    }
  });
}

test("what is no single range of bytes answers the whole", async () => {
  ok(await call(s3, new PutObjectCommand({ Bucket, Key: "whole", Body: "hello" })));
  for (const Range of ["bytes=3-1", "bytes=a-b", "lines=0-1", "bytes=", "bytes=0-1,3-4", "bytes=-"]) {
    const got = await call(s3, new GetObjectCommand({ Bucket, Key: "whole", Range }));
    assert.equal(ok(got).text, "hello", Range);
    assert.equal(got.headers["accept-ranges"], "bytes");
  }
  const zero = await call(s3, new GetObjectCommand({ Bucket, Key: "whole", Range: "bytes=-0" }));
  refused(zero, 416, "InvalidRange");
});

test("positions of any length: to the end, or past it", async () => {
  ok(await call(s3, new PutObjectCommand({ Bucket, Key: "long", Body: pattern(100) })));
  const get = (Range: string) => call(s3, new GetObjectCommand({ Bucket, Key: "long", Range }));
  for (const last of ["9223372036854775807", "9".repeat(400)]) {
    const got = ok(await get(`bytes=16-${last}`), 206);
    assert.equal(got.headers["content-range"], "bytes 16-99/100");
    refused(await get(`bytes=${last}-`), 416, "InvalidRange");
    refused(await get(`bytes=${last}-${last}`), 416, "InvalidRange");
    assert.equal(ok(await get(`bytes=-${last}`), 206).body.length, 100);
  }
});

test("what the Java encryption client asks for", async () => {
  const rows: readonly { readonly sent: string | null }[] = JSON.parse(
    readFileSync(join(VECTORS, "java-range-behaviour.json"), "utf8"),
  ).cryptoRange;
  const body = pattern(216);
  ok(await call(s3, new PutObjectCommand({ Bucket, Key: "java", Body: body })));
  const sent = rows.flatMap((row) => row.sent ?? []);
  assert.equal(sent.length, 4);
  for (const Range of sent) {
    const [first = 0, last = 0] = Range.replace("bytes=", "").split("-").map(Number);
    const got = ok(await call(s3, new GetObjectCommand({ Bucket, Key: "java", Range })), 206);
    assert.ok(got.body.equals(body.subarray(first, last + 1)), Range);
    assert.equal(got.headers["content-range"], `bytes ${first}-${Math.min(last, 215)}/216`);
  }
});

test("If-Range: of another version the whole comes, with its checksum", async () => {
  ok(await call(s3, new PutObjectCommand({ Bucket, Key: "if", Body: "hello" })));
  const get = async (value: string) => {
    const command = new GetObjectCommand({ Bucket, Key: "if", Range: "bytes=0-0", ChecksumMode: "ENABLED" });
    return call(s3, command, { "if-range": value });
  };
  const first = ok(await call(s3, new HeadObjectCommand({ Bucket, Key: "if" })));
  const { etag = "", "last-modified": modified = "" } = first.headers;
  for (const value of [etag, modified]) assert.equal(ok(await get(value), 206).text, "h", value);
  const others = [
    '"old"',
    `W/${etag}`,
    new Date(Date.parse(modified) - 1000).toUTCString(),
    new Date(Date.parse(modified) + 1000).toUTCString(),
    "yesterday",
  ];
  for (const value of others) {
    const got = ok(await get(value), 200);
    assert.equal(got.text, "hello", value);
    assert.equal(got.headers["content-range"], undefined);
    assert.ok(got.headers["x-amz-checksum-type"] === "FULL_OBJECT", value);
  }
  const past = new HeadObjectCommand({ Bucket, Key: "if", Range: "bytes=9-" });
  assert.equal((await call(s3, past, { "if-range": '"old"' })).status, 200);
});

test("HEAD with a range; a range together with a part number", async () => {
  ok(await call(s3, new PutObjectCommand({ Bucket, Key: "head", Body: "hello" })));
  const head = await call(s3, new HeadObjectCommand({ Bucket, Key: "head", Range: "bytes=1-2" }));
  assert.equal(head.status, 206);
  assert.equal(head.headers["content-length"], "2");
  // Also where the part number is none. Seen on S3: OpenStack Swift's test_get_object_partNumber_and_range.
  for (const PartNumber of [1, 0]) {
    const both = new GetObjectCommand({ Bucket, Key: "head", Range: "bytes=0-1", PartNumber });
    refused(await call(s3, both), 400, "InvalidRequest", {
      message: "Cannot specify both Range header and partNumber query parameter",
    });
  }
  const one = ok(await call(s3, new GetObjectCommand({ Bucket, Key: "head", PartNumber: 1 })), 206);
  assert.equal(one.text, "hello");
  const two = await call(s3, new GetObjectCommand({ Bucket, Key: "head", PartNumber: 2 }));
  refused(two, 416, "InvalidPartNumber");
});
