/**
 * An upload of a few hundred parts over the socket, in every order, read at each seam. The limit of 10,000 is tested
 * beside the uploads themselves, where a part may be small: here each but the last has five MiB, copied from one source.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { call } from "../call.ts";
import { ok, refused } from "../expect.ts";
import { startWorld } from "../world.ts";

const world = await startWorld();
const { s3 } = world;
const PART = 5 * 1024 ** 2;
const PARTS = 300;
const target = { Bucket: await world.bucket(), Key: "many" };
const source = Buffer.alloc(PART, "the source of all parts but one ");

async function inGroups<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < items.length; at += width) await Promise.all(items.slice(at, at + width).map(work));
}

test(`${PARTS} parts`, async () => {
  const { Bucket } = target;
  ok(await call(s3, new PutObjectCommand({ Bucket, Key: "source", Body: source })));
  const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand(target));
  const parts: CompletedPart[] = [];
  const numbers = Array.from({ length: PARTS - 1 }, (_, i) => i + 1).toReversed();
  await inGroups(numbers, 4, async (PartNumber) => {
    const copy = new UploadPartCopyCommand({
      ...target,
      UploadId,
      PartNumber,
      CopySource: `${Bucket}/source`,
    });
    const { output } = ok(await call(s3, copy));
    parts[PartNumber - 1] = { PartNumber, ETag: output?.CopyPartResult?.ETag ?? "" };
  });
  const last = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: PARTS, Body: "last" }));
  parts.push({ PartNumber: PARTS, ETag: last.ETag ?? "" });

  const listed: number[] = [];
  for (let marker: string | undefined = "0"; marker !== undefined; ) {
    const page: ListPartsCommand = new ListPartsCommand({
      ...target,
      UploadId,
      MaxParts: 70,
      PartNumberMarker: marker,
    });
    const { output } = ok(await call(s3, page));
    listed.push(...(output?.Parts ?? []).map(({ PartNumber = 0 }) => PartNumber));
    marker = output?.IsTruncated === true ? output.NextPartNumberMarker : undefined;
  }
  assert.deepEqual(
    listed,
    Array.from({ length: PARTS }, (_, i) => i + 1),
  );

  const complete = (Parts: CompletedPart[]) =>
    call(s3, new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
  refused(await complete(parts.toReversed()), 400, "InvalidPartOrder");
  const wrongTag = parts.map((part, i) => (i === 7 ? { ...part, ETag: last.ETag ?? "" } : part));
  refused(await complete(wrongTag), 400, "InvalidPart");
  refused(await complete([{ PartNumber: PARTS, ETag: last.ETag ?? "" }, ...parts]), 400, "InvalidPartOrder");
  const done = ok(await complete(parts));
  assert.match(done.output?.ETag ?? "", new RegExp(`-${PARTS}"$`));

  const size = (PARTS - 1) * PART + 4;
  const head = ok(await call(s3, new HeadObjectCommand(target)));
  assert.equal(head.headers["content-length"], String(size));
  for (let part = 1; part < PARTS; part += 37) {
    const seam = part * PART;
    const got = ok(
      await call(s3, new GetObjectCommand({ ...target, Range: `bytes=${seam - 3}-${seam + 2}` })),
      206,
    );
    const next = part === PARTS - 1 ? Buffer.from("las") : source.subarray(0, 3);
    assert.ok(got.body.equals(Buffer.concat([source.subarray(PART - 3), next])), `seam after part ${part}`);
  }
  const tail = ok(await call(s3, new GetObjectCommand({ ...target, Range: "bytes=-4" })), 206);
  assert.equal(tail.text, "last");
  const byNumber = ok(await call(s3, new GetObjectCommand({ ...target, PartNumber: PARTS })), 206);
  assert.equal(byNumber.text, "last");
  assert.equal(byNumber.headers["x-amz-mp-parts-count"], String(PARTS));
  const attributes = ok(
    await call(
      s3,
      new GetObjectAttributesCommand({ ...target, ObjectAttributes: ["ObjectParts", "ObjectSize"] }),
    ),
  );
  assert.equal(attributes.output?.ObjectParts?.TotalPartsCount, PARTS);
  assert.equal(attributes.output.ObjectSize, size);
});

test("parts that are too small, numbers out of range, uploads that are none", async () => {
  const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand(target));
  const put = (PartNumber: number, Body: string, id = UploadId) =>
    call(s3, new UploadPartCommand({ ...target, UploadId: id, PartNumber, Body }));
  for (const n of [0, 10_001, -1]) refused(await put(n, "x"), 400, "InvalidArgument");
  ok(await put(10_000, "x"));
  refused(await put(1, "x", "no-such-upload"), 404, "NoSuchUpload");
  const first = ok(await put(1, "small"));
  const last = ok(await put(2, "last"));
  const Parts = [first, last].map(({ output }, i) => ({ PartNumber: i + 1, ETag: output?.ETag ?? "" }));
  const complete = new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } });
  refused(await call(s3, complete), 400, "EntityTooSmall");
});
