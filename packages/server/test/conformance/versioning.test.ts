/** Versioning: null versions, delete markers, what becomes current when the current one goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import { call } from "./call.ts";
import { bare, ok, refused } from "./expect.ts";
import { startWorld } from "./world.ts";

const world = await startWorld();
const { s3 } = world;
const Key = "k";

class Versioned {
  readonly Bucket: string;
  constructor(bucket: string) {
    this.Bucket = bucket;
  }
  async put(body: string): Promise<string | undefined> {
    const answer = ok(await call(s3, new PutObjectCommand({ Bucket: this.Bucket, Key, Body: body })));
    return answer.headers["x-amz-version-id"];
  }
  get(VersionId?: string) {
    const version = VersionId === undefined ? {} : { VersionId };
    return call(s3, new GetObjectCommand({ Bucket: this.Bucket, Key, ...version }));
  }
  async text(VersionId?: string): Promise<string> {
    return ok(await this.get(VersionId)).text;
  }
  async remove(VersionId?: string) {
    const version = VersionId === undefined ? {} : { VersionId };
    const answer = await call(s3, new DeleteObjectCommand({ Bucket: this.Bucket, Key, ...version }));
    const { headers } = ok(answer, 204);
    return { id: headers["x-amz-version-id"], marker: headers["x-amz-delete-marker"] };
  }
  async set(Status: "Enabled" | "Suspended"): Promise<void> {
    const VersioningConfiguration = { Status };
    ok(await call(s3, new PutBucketVersioningCommand({ Bucket: this.Bucket, VersioningConfiguration })));
  }
  /** Newest first: `id` or `marker id`. */
  async versions(): Promise<string[]> {
    const { text } = ok(await call(s3, new ListObjectVersionsCommand({ Bucket: this.Bucket })));
    const found = text.matchAll(/<(Version|DeleteMarker)>.*?<VersionId>([^<]*)<\/VersionId>/gs);
    return Array.from(found, ([, kind, id]) => (kind === "Version" ? `${id}` : `marker ${id}`));
  }
}

test("the state of a bucket: absent, Enabled, Suspended", async () => {
  const v = new Versioned(await world.bucket());
  const state = async () => (await s3.send(new GetBucketVersioningCommand({ Bucket: v.Bucket }))).Status;
  assert.equal(await state(), undefined);
  await v.set("Enabled");
  assert.equal(await state(), "Enabled");
  await v.set("Suspended");
  assert.equal(await state(), "Suspended");
  const body = "<VersioningConfiguration><Status>Sometimes</Status></VersioningConfiguration>";
  const answer = await world.wire.send({ method: "PUT", path: `/${v.Bucket}?versioning`, body });
  refused(answer, 400);
});

test("an unversioned bucket shows no version ids and forgets what is overwritten", async () => {
  const v = new Versioned(await world.bucket());
  assert.equal(await v.put("one"), undefined);
  assert.equal(await v.put("two"), undefined);
  assert.deepEqual(await v.versions(), ["null"]);
  assert.equal(await v.text("null"), "two");
  const elsewhere = new Versioned(await world.bucket("Enabled"));
  refused(await v.get(await elsewhere.put("x")), 404, "NoSuchVersion");
  assert.deepEqual(await v.remove(), { id: undefined, marker: undefined });
  refused(await v.get(), 404, "NoSuchKey");
});

test("the null version: made before versioning, kept under it, replaced when suspended", async () => {
  const v = new Versioned(await world.bucket());
  await v.put("before");
  await v.set("Enabled");
  assert.equal(await v.text("null"), "before");
  const first = (await v.put("first")) ?? "";
  assert.notEqual(first, "");
  assert.deepEqual(await v.versions(), [first, "null"]);
  await v.set("Suspended");
  assert.equal(await v.put("suspended"), undefined);
  assert.deepEqual(await v.versions(), ["null", first]);
  assert.equal(await v.text("null"), "suspended");
  assert.equal(await v.text(first), "first");
  // A delete puts a null marker in the null version's place.
  assert.deepEqual(await v.remove(), { id: "null", marker: "true" });
  assert.deepEqual(await v.versions(), ["marker null", first]);
  assert.deepEqual(await v.remove("null"), { id: "null", marker: "true" });
  assert.equal(await v.text(), "first");
});

test("delete markers: hide, answer for themselves, and go", async () => {
  const v = new Versioned(await world.bucket("Enabled"));
  const only = (await v.put("only")) ?? "";
  const marker = await v.remove();
  assert.equal(marker.marker, "true");
  const hidden = await v.get();
  refused(hidden, 404, "NoSuchKey", { Key });
  assert.equal(hidden.headers["x-amz-delete-marker"], "true");
  assert.equal(hidden.headers["x-amz-version-id"], marker.id);
  const named = await v.get(marker.id);
  refused(named, 405, "MethodNotAllowed", { Method: "GET", ResourceType: "DeleteMarker" });
  assert.equal(named.headers["allow"], "DELETE");
  assert.equal(named.headers["x-amz-delete-marker"], "true");
  const VersionId = marker.id ?? "";
  const tagged = await call(
    s3,
    new PutObjectTaggingCommand({ Bucket: v.Bucket, Key, VersionId, Tagging: { TagSet: [] } }),
  );
  refused(tagged, 405, "MethodNotAllowed", { Method: "PUT", ResourceType: "DeleteMarker" });
  bare(await call(s3, new HeadObjectCommand({ Bucket: v.Bucket, Key, VersionId })), 405);
  assert.equal(await v.text(only), "only");
  const listed = ok(await call(s3, new ListObjectsV2Command({ Bucket: v.Bucket })));
  assert.equal(listed.output?.KeyCount, 0);
  // Each delete without a version adds one.
  const second = await v.remove();
  assert.notEqual(second.id, marker.id);
  assert.deepEqual(await v.remove(second.id), { id: second.id, marker: "true" });
  assert.deepEqual(await v.remove(marker.id), { id: marker.id, marker: "true" });
  assert.equal(await v.text(), "only");
});

test("when the current version goes, the one before it is current", async () => {
  const v = new Versioned(await world.bucket("Enabled"));
  const ids = [await v.put("0"), await v.put("1"), await v.put("2")];
  assert.deepEqual(await v.versions(), ids.toReversed());
  assert.deepEqual(await v.remove(ids[2]), { id: ids[2], marker: undefined });
  assert.equal(await v.text(), "1");
  await v.remove(ids[0]);
  assert.equal(await v.text(), "1");
  await v.remove(ids[1]);
  refused(await v.get(), 404, "NoSuchKey");
  assert.deepEqual(await v.versions(), []);
  // Deleting what is not there is no error.
  await v.remove(ids[1]);
  refused(await v.get(ids[1]), 404, "NoSuchVersion");
});

test("version ids that are none", async () => {
  const v = new Versioned(await world.bucket("Enabled"));
  await v.put("x");
  const send = (query: string) => world.wire.send({ method: "GET", path: `/${v.Bucket}/${Key}?${query}` });
  refused(await send("versionId="), 400, "InvalidArgument");
  const odd = await send("versionId=not-one");
  assert.ok([400, 404].includes(odd.status));
});
