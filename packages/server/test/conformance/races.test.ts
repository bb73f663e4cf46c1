/** Many at once on one key: overwrite, delete and complete while others read. Every answer is one whole state. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { call } from "./call.ts";
import { ok, refused } from "./expect.ts";
import { ON_BUN } from "../serve.ts";
import { SLOW, startWorld } from "./world.ts";

/** Two processes on one directory, where the runtime can share a port between them. */
const world = await startWorld(ON_BUN ? [] : ["--workers", "2"]);
const { s3 } = world;
const ROUNDS = SLOW ? 30 : 8;
/** Beyond what stands in a record: blobs of their own, whose removal a read could meet. */
const SIZE = 400_000;
const fill = (n: number): Buffer => Buffer.alloc(SIZE, String.fromCharCode(97 + (n % 26)));
const isWhole = (body: Buffer): boolean => body.length === SIZE && body.equals(Buffer.alloc(SIZE, body[0]));

test("reads while the object is overwritten: always one of the bodies, whole", async () => {
  const at = { Bucket: await world.bucket(), Key: "k" };
  ok(await call(s3, new PutObjectCommand({ ...at, Body: fill(0) })));
  let writing = true;
  const writer = (async () => {
    for (let n = 1; n <= ROUNDS; n++) ok(await call(s3, new PutObjectCommand({ ...at, Body: fill(n) })));
    writing = false;
  })();
  const readers = Array.from({ length: 4 }, async () => {
    while (writing) {
      const got = ok(await call(s3, new GetObjectCommand(at)));
      assert.ok(isWhole(got.body), "a mixed or cut body");
    }
  });
  await Promise.all([writer, ...readers]);
  assert.ok((await call(s3, new GetObjectCommand(at))).body.equals(fill(ROUNDS)));
});

test("reads while the object is deleted and made again: a whole body or NoSuchKey", async () => {
  const at = { Bucket: await world.bucket(), Key: "k" };
  let writing = true;
  const writer = (async () => {
    for (let n = 1; n <= ROUNDS; n++) {
      ok(await call(s3, new PutObjectCommand({ ...at, Body: fill(n) })));
      ok(await call(s3, new DeleteObjectCommand(at)), 204);
    }
    writing = false;
  })();
  const readers = Array.from({ length: 3 }, async () => {
    while (writing) {
      const got = await call(s3, new GetObjectCommand(at));
      if (got.status === 200) assert.ok(isWhole(got.body), "a mixed or cut body");
      else refused(got, 404, "NoSuchKey");
    }
  });
  await Promise.all([writer, ...readers]);
});

test("a stream that was begun is read to its end although the object has gone", async () => {
  const at = { Bucket: await world.bucket(), Key: "k" };
  const body = Buffer.alloc(8 * 1024 ** 2, "slow reader ");
  await s3.send(new PutObjectCommand({ ...at, Body: body }));
  const { Body } = await s3.send(new GetObjectCommand(at));
  await s3.send(new DeleteObjectCommand(at));
  assert.ok(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(body));
});

/** Who loses too many races in a row is told to slow down: on a slow disk, twenty would lose too many. */
const WRITERS = 8;
test("writers of one key at once: every version is there once, in a versioned bucket", async () => {
  const at = { Bucket: await world.bucket("Enabled"), Key: "k" };
  const answers = await Promise.all(
    Array.from({ length: WRITERS }, (_, n) => call(s3, new PutObjectCommand({ ...at, Body: String(n) }))),
  );
  const ids = answers.map((answer) => ok(answer).headers["x-amz-version-id"]);
  assert.equal(new Set(ids).size, WRITERS);
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: at.Bucket }));
  assert.deepEqual(new Set(Versions.map(({ VersionId }) => VersionId)), new Set(ids));
  assert.equal(Versions.length, WRITERS);
  assert.equal(Versions.filter(({ IsLatest }) => IsLatest === true).length, 1);
});

test("Complete many times at once: one object, the same answer for all who are told of success", async () => {
  const at = { Bucket: await world.bucket("Enabled"), Key: "k" };
  const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand(at));
  const part = await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: "hello" }));
  const Parts = [{ PartNumber: 1, ETag: part.ETag ?? "", ChecksumCRC32: part.ChecksumCRC32 ?? "" }];
  const complete = () =>
    call(s3, new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
  const answers = await Promise.all(Array.from({ length: 6 }, complete));
  const done = answers.filter(({ status, code }) => status === 200 && code === undefined);
  assert.ok(done.length >= 1, answers.map(({ status, code }) => `${status} ${code}`).join(", "));
  assert.equal(new Set(done.map(({ output }) => output?.ETag)).size, 1);
  // Again, later: idempotent.
  assert.equal(ok(await complete()).output?.ETag, done[0]?.output?.ETag);
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: at.Bucket }));
  assert.equal(Versions.length, 1);
});

test("Abort or DeleteBucket many times at once: one is told of success, the others that nothing is there", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const at = { Bucket: await world.bucket(), Key: "k" };
    const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand(at));
    const aborts = Array.from({ length: 12 }, () =>
      call(s3, new AbortMultipartUploadCommand({ ...at, UploadId })),
    );
    const removals = async () =>
      Promise.all(Array.from({ length: 12 }, () => call(s3, new DeleteBucketCommand({ Bucket: at.Bucket }))));
    for (const [answers, code] of [
      [await Promise.all(aborts), "NoSuchUpload"],
      [await removals(), "NoSuchBucket"],
    ] as const) {
      const lost = answers.filter(({ status }) => status !== 204);
      assert.equal(lost.length, 11);
      for (const answer of lost) refused(answer, 404, code);
    }
  }
});

test("one part number uploaded twice at once: Complete takes the one whose ETag it names", async () => {
  const at = { Bucket: await world.bucket(), Key: "k" };
  const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand(at));
  const bodies = ["first", "other"];
  const puts = await Promise.all(
    bodies.map((Body) => s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body }))),
  );
  const answers = [];
  for (const { ETag = "", ChecksumCRC32 = "" } of puts) {
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] };
    answers.push(await call(s3, new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload })));
  }
  const at200 = answers.findIndex(({ status, code }) => status === 200 && code === undefined);
  assert.notEqual(at200, -1);
  assert.equal((await call(s3, new GetObjectCommand(at))).text, bodies[at200]);
});
