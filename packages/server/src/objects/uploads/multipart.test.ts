import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Caller } from "../../base/caller.ts";
import { keyArn } from "../../base/ids.ts";
import { MemoryModel } from "../../store/memory/model.ts";
import type { CompletePart, EncryptionHeaders } from "../api.ts";
import { NO_SSEC } from "../encryption/ssec-request.ts";
import { pattern, PLAIN, putInput, bodyOf, readInput, refused, ssec, testCaller } from "../test-world.ts";
import {
  alice,
  Client,
  createInput,
  listed,
  makeUploads,
  PART_MIN,
  type UploadsWorld,
} from "./test-uploads.ts";

const KEY = "11111111-1111-4111-8111-111111111111";
const MODES: Readonly<Record<string, EncryptionHeaders>> = {
  "SSE-S3": PLAIN,
  "SSE-KMS": { sse: "aws:kms", keyId: KEY, ssec: NO_SSEC },
  "SSE-KMS with a bucket key": { sse: "aws:kms", keyId: KEY, bucketKey: "true", ssec: NO_SSEC },
  "DSSE-KMS": { sse: "aws:kms:dsse", keyId: KEY, ssec: NO_SSEC },
  "SSE-C": { ssec: ssec(0) },
};

async function worldWithKey(): Promise<UploadsWorld> {
  const world = await makeUploads();
  world.kms.create(KEY);
  return world;
}

const md5 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash("md5").update(Buffer.concat(parts)).digest();

for (const [mode, encryption] of Object.entries(MODES)) {
  test(`${mode}: parts become one object, whole, in ranges and by part`, async () => {
    const world = await worldWithKey();
    const bucket = await world.bucket();
    const client = await Client.begin(world, bucket, "a/b", { encryption });
    const parts = [pattern(70_000, 1), pattern(PART_MIN, 2), pattern(5, 3)];
    const put = await Promise.all(parts.map((bytes, i) => client.put(i + 1, bytes)));
    const plain = parts.map((bytes) => md5(bytes).toString("hex"));
    assert.equal(put[0]?.etag === plain[0], mode === "SSE-S3");
    const done = await client.complete(put.map((part, i) => listed(i + 1, part)));
    const etags = put.map(({ etag }) => Buffer.from(etag, "hex"));
    assert.equal(done.etag, `${md5(...etags).toString("hex")}-3`);
    const whole = new Uint8Array(Buffer.concat(parts));
    assert.equal(done.size, whole.length);
    assert.deepEqual(await client.read(), whole);
    const range = { kind: "from-to", from: 69_990, to: 71_002 } as const;
    assert.deepEqual(await client.read({ range }), whole.slice(69_990, 71_003));
    for (const [i, bytes] of parts.entries()) {
      assert.deepEqual(await client.read({ partNumber: i + 1 }), bytes);
    }
    const head = await world.objects.head(
      alice,
      bucket,
      readInput("a/b", { ssec: encryption.ssec, checksumMode: true }),
    );
    assert.ok(head.kind === "object");
    assert.equal(head.facts.partCount, 3);
    assert.equal(head.facts.tagCount, 1);
    assert.deepEqual(head.facts.metadata, [["colour", "blue"]]);
    assert.equal(head.checksum?.algorithm, "CRC64NVME");
    assert.equal(head.checksum?.type, "FULL_OBJECT");
    const single = await world.objects.put(alice, bucket, putInput("whole"), bodyOf(whole));
    assert.equal(head.checksum?.value, single.checksum?.value);
    assert.equal(done.checksum?.value, single.checksum?.value);
  });
}

test("a part sent again has another salt, another blob and other ciphertext, and replaces the former", async () => {
  const world = await makeUploads();
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  const attempts: Uint8Array[] = [];
  const seen = new Set<string>();
  for (const seed of [1, 1, 2]) {
    const put = await client.put(1, pattern(PART_MIN, seed));
    const blobs = await world.store.blobs.list(undefined, 100);
    for (const { id, size } of blobs) {
      const hex = Buffer.from(id).toString("hex");
      if (seen.has(hex)) continue;
      seen.add(hex);
      for await (const chunk of world.store.blobs.get(id, 0, size)) attempts.push(new Uint8Array(chunk));
    }
    if (seed === 2) await client.complete([listed(1, put)]);
  }
  assert.equal(attempts.length, 3);
  const salts = attempts.map((bytes) => Buffer.from(bytes.subarray(8, 40)).toString("hex"));
  assert.equal(new Set(salts).size, 3);
  const bodies = attempts.map((bytes) => Buffer.from(bytes.subarray(72)).toString("hex"));
  assert.equal(new Set(bodies).size, 3);
  assert.deepEqual(await client.read(), pattern(PART_MIN, 2));
  const trash = await world.store.scan({ table: "trash", from: new Uint8Array(), limit: 10 });
  assert.equal(trash.rows.length, 2);
});

test("lists that are wrong are refused, and the upload stays open", async () => {
  const world = await makeUploads();
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  const one = listed(1, await client.put(1, pattern(PART_MIN)));
  const small = listed(2, await client.put(2, pattern(5)));
  const last = listed(5, await client.put(5, pattern(7)));
  const cases: readonly (readonly [readonly CompletePart[], string])[] = [
    [[small, one], "InvalidPartOrder"],
    [[one, one], "InvalidPartOrder"],
    [[one, { partNumber: 3, etag: one.etag }], "InvalidPart"],
    [[{ ...one, etag: small.etag }], "InvalidPart"],
    [[one, { partNumber: 9, etag: one.etag }], "InvalidPart"],
    [[one, small, last], "EntityTooSmall"],
    [[], "InvalidRequest"],
  ];
  for (const [list, code] of cases) await assert.rejects(client.complete(list), refused(code));
  // Seen on S3: localstack's recorded test test_complete_multipart_parts_order.
  await assert.rejects(client.complete([small, one]), { elements: { UploadId: client.uploadId } });
  await assert.rejects(client.complete([one], { objectSize: 3 }), refused("InvalidRequest"));
  await assert.rejects(client.complete([one], { conditions: { ifMatch: "x" } }), refused("NoSuchKey"));
  await client.put(2, pattern(PART_MIN, 9));
  const done = await client.complete([one, last], { objectSize: PART_MIN + 7 });
  assert.equal(done.size, PART_MIN + 7);
});

test("a repeated Complete gets the same answer; another list, a part or an abort finds no upload", async () => {
  const world = await makeUploads();
  const bucket = await world.bucket({ versioning: "enabled" });
  const client = await Client.begin(world, bucket, "k");
  const list = [
    listed(1, await client.put(1, pattern(PART_MIN))),
    listed(2, await client.put(2, pattern(1))),
  ];
  const done = await client.complete(list);
  assert.deepEqual(await client.complete(list), done);
  assert.deepEqual(await client.complete(list, { conditions: { ifNoneMatch: "*" } }), done);
  await assert.rejects(client.complete(list.slice(0, 1)), refused("NoSuchUpload"));
  await assert.rejects(client.put(1, pattern(3)), refused("NoSuchUpload"));
  await assert.rejects(client.abort(), refused("NoSuchUpload"));
  await world.objects.delete(alice, bucket, { key: client.key, versionId: done.versionId ?? "" });
  const { checksum, ...rest } = done;
  assert.ok(checksum !== undefined);
  assert.deepEqual(await client.complete(list), rest);
});

test("a source that is overwritten while a part is copied from it is read again, and is no damage", async () => {
  const store = new MemoryModel().open();
  let overwrites = 0;
  let overwrite: () => Promise<unknown> = () => Promise.resolve();
  const world = await makeUploads({
    ...store,
    get: async (keys) => {
      if (overwrites > 0 && keys.some(({ table }) => table === "inline")) {
        overwrites--;
        await overwrite();
      }
      return store.get(keys);
    },
  });
  const bucket = await world.bucket();
  let seed = 1;
  overwrite = () => world.objects.put(alice, bucket, putInput("source"), bodyOf(pattern(100, ++seed)));
  await overwrite();
  const client = await Client.begin(world, bucket, "k");
  const source = { bucket, key: putInput("source").key, ssec: NO_SSEC, conditions: {} };
  const copy = () =>
    world.uploads.copyPart(alice, bucket, { ...client.target, partNumber: 1, ssec: NO_SSEC, source });
  overwrites = 3;
  await client.complete([listed(1, await copy())]);
  assert.deepEqual(await client.read(), pattern(100, seed));
  const other = await Client.begin(world, bucket, "other");
  overwrites = 4;
  await assert.rejects(
    world.uploads.copyPart(alice, bucket, { ...other.target, partNumber: 1, ssec: NO_SSEC, source }),
    refused("SlowDown"),
  );
  assert.equal(
    (await world.store.scan({ table: "intent", from: new Uint8Array(), limit: 9 })).rows.length,
    0,
  );
});

test("If-None-Match decides at the commit and leaves the upload open", async () => {
  const world = await makeUploads();
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  const list = [listed(1, await client.put(1, pattern(9)))];
  await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(3)));
  const conditions = { ifNoneMatch: "*" };
  await assert.rejects(client.complete(list, { conditions }), refused("PreconditionFailed"));
  await world.objects.delete(alice, bucket, { key: client.key });
  assert.equal((await client.complete(list, { conditions })).size, 9);
});

test("a conditional Complete that others keep from being decided is ConditionalRequestConflict, another SlowDown", async () => {
  const store = new MemoryModel().open();
  const world = await makeUploads({
    ...store,
    commit: async (commit) => {
      const head = commit.put?.find(({ table }) => table === "head");
      return head === undefined ? store.commit(commit) : { kind: "conflict", at: head };
    },
  });
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  const list = [listed(1, await client.put(1, pattern(5)))];
  const conditions = { ifNoneMatch: "*" };
  await assert.rejects(client.complete(list, { conditions }), refused("ConditionalRequestConflict"));
  await assert.rejects(client.complete(list), refused("SlowDown"));
});

test("an aborted upload is gone; ids of others, of other keys and nonsense find nothing", async () => {
  const world = await makeUploads();
  const bucket = await world.bucket();
  const other = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  for (const stranger of [
    new Client(world, other, "k", client.uploadId, NO_SSEC),
    new Client(world, bucket, "l", client.uploadId, NO_SSEC),
    new Client(world, bucket, "k", "nonsense", NO_SSEC),
  ]) {
    await assert.rejects(stranger.put(1, pattern(1)), refused("NoSuchUpload"));
    await assert.rejects(stranger.abort(), refused("NoSuchUpload"));
    for (const list of [[{ partNumber: 1, etag: "0" }], []])
      await assert.rejects(stranger.complete(list), refused("NoSuchUpload"));
    assert.equal(await world.uploads.access(stranger.bucket, stranger.target), undefined);
  }
  await client.abort();
  await assert.rejects(client.put(1, pattern(1)), refused("NoSuchUpload"));
  await assert.rejects(client.abort(), refused("NoSuchUpload"));
});

test("the upload's access facts are the headers of Create, not the bucket's default", async () => {
  const world = await worldWithKey();
  const bucket = await world.bucket({
    encryption: { rule: { algorithm: "aws:kms", kmsKeyId: KEY, bucketKey: false } },
  });
  const plain = await Client.begin(world, bucket, "k");
  // Beside them stands what the parts really get, which policies see under another name.
  const effective = { algorithm: "aws:kms", keyArn: keyArn("us-east-1", "000000000000", KEY) };
  assert.deepEqual(await world.uploads.access(bucket, plain.target), { effective });
  const explicit = await Client.begin(world, bucket, "k", { encryption: MODES["SSE-KMS"] ?? PLAIN });
  assert.deepEqual(await world.uploads.access(bucket, explicit.target), {
    sse: "aws:kms",
    keyId: KEY,
    effective,
  });
  const part = await plain.put(1, pattern(3));
  assert.equal(part.encryption.mode, "SSE-KMS");
});

test("KMS uploads: every part and Complete ask the key service as the caller; with a bucket key once", async () => {
  const world = await worldWithKey();
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k", { encryption: MODES["SSE-KMS"] ?? PLAIN });
  await client.all([pattern(PART_MIN), pattern(2)]);
  assert.deepEqual(world.kmsCalls, ["GenerateDataKey", "Decrypt", "Decrypt", "Decrypt"]);
  world.kmsCalls.length = 0;
  const encryption = MODES["SSE-KMS with a bucket key"] ?? PLAIN;
  const saving = await Client.begin(world, bucket, "k", { encryption });
  const done = await saving.all([pattern(PART_MIN), pattern(2)]);
  assert.deepEqual(world.kmsCalls, ["GenerateDataKey", "Decrypt"]);
  assert.ok(done.encryption.mode === "SSE-KMS" && done.encryption.bucketKey);
  world.kms.denied.add("alice:Decrypt");
  const third = await Client.begin(world, bucket, "k", { encryption: MODES["SSE-KMS"] ?? PLAIN });
  await assert.rejects(third.put(1, pattern(1)), refused("AccessDenied"));
  const anonymous = testCaller("nobody", { signature: "none", principal: { kind: "anonymous" } });
  const input = { ...third.target, partNumber: 1, ssec: NO_SSEC, integrity: {} };
  await assert.rejects(
    world.uploads.putPart(anonymous, bucket, input, bodyOf(pattern(1))),
    refused(
      "InvalidArgument",
      "Requests specifying Server Side Encryption with AWS KMS managed keys require",
    ),
  );
});

test("listings name who began an upload: a user, an account's root, and the owner where nobody signed", async () => {
  const world = await makeUploads();
  const bucket = await world.bucket();
  const account = bucket.owner;
  const begin = (caller: Caller, key: string) => world.uploads.create(caller, bucket, createInput(key));
  await begin(testCaller("bob"), "a");
  await begin(
    testCaller("", {
      principal: { kind: "root", account, arn: `arn:aws:iam::${account}:root`, userId: account },
    }),
    "b",
  );
  await begin(testCaller("", { principal: { kind: "anonymous" }, signature: "none" }), "c");
  const { items } = await world.uploads.listUploads(bucket, {
    prefix: "",
    delimiter: "",
    after: "",
    afterIsGroup: false,
    max: 10,
  });
  const owner = { account, canonicalId: "c".repeat(64), displayName: "owner" };
  assert.deepEqual(
    items.map((item) => (item.kind === "upload" ? item.upload.initiator : undefined)),
    [{ account, canonicalId: `arn:aws:iam::${account}:user/bob`, displayName: "bob" }, owner, owner],
  );
});
