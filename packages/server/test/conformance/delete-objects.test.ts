/** DeleteObjects: verdicts per key, quiet mode, versions, what is malformed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type DeleteObjectsCommandInput,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { call } from "./call.ts";
import { ok, refused } from "./expect.ts";
import { md5 } from "./wire.ts";
import { startWorld } from "./world.ts";

const world = await startWorld();
const { s3 } = world;
const put = async (Bucket: string, Key: string) =>
  ok(await call(s3, new PutObjectCommand({ Bucket, Key, Body: Key }))).headers["x-amz-version-id"] ?? "";
const remove = async (Bucket: string, Delete: NonNullable<DeleteObjectsCommandInput["Delete"]>) =>
  ok(await call(s3, new DeleteObjectsCommand({ Bucket, Delete }))).output;
const raw = (Bucket: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
  world.wire.send({
    method: "POST",
    path: `/${Bucket}?delete`,
    body,
    headers: { "content-md5": md5(body), ...headers },
  });
const left = async (Bucket: string) =>
  (ok(await call(s3, new ListObjectsV2Command({ Bucket }))).output?.Contents ?? []).map(({ Key }) => Key);

test("there and not there alike are deleted; odd keys, too", async () => {
  const Bucket = await world.bucket();
  const keys = ["a", "b/c", "ü&<>\"'", "a  b", "..", "line\nbreak"];
  for (const key of [...keys, "stays"]) await put(Bucket, key);
  const output = await remove(Bucket, { Objects: [...keys, "never"].map((Key) => ({ Key })) });
  assert.deepEqual(output?.Deleted?.map(({ Key }) => Key).toSorted(), [...keys, "never"].toSorted());
  assert.equal(output?.Errors, undefined);
  assert.deepEqual(await left(Bucket), ["stays"]);
});

test("quiet shows only failures", async () => {
  const Bucket = await world.bucket();
  await put(Bucket, "a");
  const output = await remove(Bucket, { Quiet: true, Objects: [{ Key: "a" }] });
  assert.equal(output?.Deleted, undefined);
  assert.deepEqual(await left(Bucket), []);
});

test("versions and markers", async () => {
  const Bucket = await world.bucket("Enabled");
  const [first, second] = [await put(Bucket, "a"), await put(Bucket, "a")];
  const marked = (await remove(Bucket, { Objects: [{ Key: "a" }] }))?.Deleted?.[0];
  assert.equal(marked?.DeleteMarker, true);
  assert.ok(marked.DeleteMarkerVersionId);
  const output = await remove(Bucket, {
    Objects: [
      { Key: "a", VersionId: first },
      { Key: "a", VersionId: marked.DeleteMarkerVersionId },
      { Key: "a", VersionId: "not-one" },
    ],
  });
  const deleted = output?.Deleted ?? [];
  assert.ok(deleted.some(({ VersionId }) => VersionId === first));
  assert.ok(deleted.some(({ DeleteMarker }) => DeleteMarker === true));
  // Seen on S3: localstack's recorded test test_delete_objects_versioned.
  assert.deepEqual(
    output?.Errors?.map(({ Code, VersionId }) => [Code, VersionId]),
    [["NoSuchVersion", "not-one"]],
  );
  assert.deepEqual(await left(Bucket), ["a"]);
  await remove(Bucket, { Objects: [{ Key: "a", VersionId: second }] });
  assert.deepEqual(await left(Bucket), []);
});

test("1,000 keys at once, and not one more", async () => {
  const Bucket = await world.bucket();
  const Objects = Array.from({ length: 1000 }, (_, i) => ({ Key: `k${i}` }));
  await put(Bucket, "k7");
  assert.equal((await remove(Bucket, { Objects }))?.Deleted?.length, 1000);
  const more = new DeleteObjectsCommand({ Bucket, Delete: { Objects: [...Objects, { Key: "one more" }] } });
  refused(await call(s3, more), 400, "MalformedXML");
});

test("a denied key is an error of its own", async () => {
  const { PutBucketPolicyCommand } = await import("@aws-sdk/client-s3");
  const Bucket = await world.bucket();
  for (const key of ["free", "kept"]) await put(Bucket, key);
  const deny = {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:DeleteObject",
    Resource: `arn:aws:s3:::${Bucket}/kept`,
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [deny] });
  ok(await call(s3, new PutBucketPolicyCommand({ Bucket, Policy })), 204);
  const output = await remove(Bucket, { Objects: [{ Key: "free" }, { Key: "kept" }] });
  assert.deepEqual(
    output?.Errors?.map(({ Key, Code }) => [Key, Code]),
    [["kept", "AccessDenied"]],
  );
  assert.deepEqual(await left(Bucket), ["kept"]);
});

test("malformed, empty, without or with a wrong digest", async () => {
  const Bucket = await world.bucket();
  for (const body of [
    "",
    "<Delete/>",
    "<Delete><Object/></Delete>",
    "<Other/>",
    "not xml",
    "<Delete><Object>",
  ]) {
    const answer = await raw(Bucket, body);
    assert.equal(answer.status, 400, body);
    assert.ok(
      ["MalformedXML", "MissingRequestBodyError"].includes(answer.code ?? ""),
      `${body}: ${answer.code}`,
    );
  }
  const body = "<Delete><Object><Key>a</Key></Object></Delete>";
  refused(await raw(Bucket, body, { "content-md5": md5("other") }), 400, "BadDigest");
  const without = await world.wire.send({ method: "POST", path: `/${Bucket}?delete`, body });
  refused(without, 400, "InvalidRequest");
});
