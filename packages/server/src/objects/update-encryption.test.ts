/** Spec J. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type KeyArn, keyArn } from "../base/ids.ts";
import type { Bucket } from "./api.ts";
import { OPENERS_MAX } from "./encryption/opened-by.ts";
import { NO_SSEC } from "./encryption/ssec-request.ts";
import { ACCOUNT, REGION } from "./test-kms.ts";
import {
  bodyOf,
  bytesOf,
  makeWorld,
  pattern,
  PLAIN,
  putInput,
  readInput,
  refused,
  ssec,
  testCaller,
  type World,
} from "./test-world.ts";

const alice = testCaller();
const { key } = putInput("k");

async function start(): Promise<{ world: World; bucket: Bucket; one: KeyArn; two: KeyArn }> {
  const world = await makeWorld();
  const one = world.kms.create("11111111-1111-4111-8111-111111111111");
  const two = world.kms.create("22222222-2222-4222-8222-222222222222");
  return { world, bucket: await world.bucket(), one, two };
}

test("SSE-S3 to a KMS key, to another one, bucket key on and off: nothing else changes", async () => {
  const { world, bucket: plain, one, two } = await start();
  const bucket = { ...plain, versioning: "enabled" as const };
  for (const size of [10, 200_000]) {
    const bytes = pattern(size);
    const tags = [{ key: "a", value: "b" }];
    const put = await world.objects.put(alice, bucket, putInput("k", { tags }), bodyOf(bytes));
    const before = await world.objects.head(alice, bucket, readInput("k", { checksumMode: true }));
    for (const [arn, bucketKey] of [
      [one, true],
      [two, false],
      [two, true],
      [two, false],
    ] as const) {
      await world.objects.updateEncryption(alice, bucket, { key, keyArn: arn, bucketKey });
      const after = await world.objects.get(alice, bucket, readInput("k", { checksumMode: true }));
      assert.deepEqual(await bytesOf(after), bytes);
      assert.ok(after.kind === "object" && before.kind === "object");
      assert.deepEqual(after.checksum, before.checksum);
      const encryption = { mode: "SSE-KMS", keyArn: arn, bucketKey } as const;
      assert.deepEqual(after.facts, { ...before.facts, encryption });
      assert.equal(after.facts.etag, put.etag);
    }
  }
});

test("an old version by its id; a shared content under two keys", async () => {
  const { world, bucket: plain, one, two } = await start();
  const bucket = { ...plain, versioning: "enabled" as const };
  const first = await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(5)));
  await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(6)));
  const versionId = first.versionId ?? "";
  await world.objects.updateEncryption(alice, bucket, { key, versionId, keyArn: one, bucketKey: false });
  const current = await world.objects.head(alice, bucket, readInput("k"));
  assert.deepEqual(current.facts.encryption, { mode: "SSE-S3" });
  const old = await world.objects.get(alice, bucket, readInput("k", { versionId }));
  assert.deepEqual(await bytesOf(old), pattern(5));

  const copy = {
    source: { bucket, key, ssec: NO_SSEC, conditions: {} },
    key: putInput("c").key,
    encryption: PLAIN,
    conditions: {},
    changesPlacement: false,
  };
  await world.objects.copy(alice, bucket, copy);
  await world.objects.updateEncryption(alice, bucket, { key: copy.key, keyArn: two, bucketKey: false });
  assert.deepEqual(await bytesOf(await world.objects.get(alice, bucket, readInput("c"))), pattern(6));
  assert.deepEqual(await bytesOf(await world.objects.get(alice, bucket, readInput("k"))), pattern(6));
});

test("the keys that a version may have had are many, and have an end; a copy takes a new data key", async () => {
  const { world, bucket } = await start();
  const bytes = pattern(10);
  await world.objects.put(alice, bucket, putInput("k"), bodyOf(bytes));
  const arns = Array.from({ length: OPENERS_MAX + 1 }, (_, i) =>
    world.kms.create(`33333333-3333-4333-8333-${String(i).padStart(12, "0")}`),
  );
  const update = (arn: KeyArn = arns[0] ?? assert.fail()): Promise<void> =>
    world.objects.updateEncryption(alice, bucket, { key, keyArn: arn, bucketKey: false });
  for (const arn of arns.slice(0, OPENERS_MAX)) await update(arn);
  await assert.rejects(update(arns.at(-1)), refused("InvalidRequest", "The object's data key"));
  assert.deepEqual(await bytesOf(await world.objects.get(alice, bucket, readInput("k"))), bytes);
  const encryption = { sse: "aws:kms", keyId: arns[0] ?? "", ssec: NO_SSEC };
  const source = { bucket, key, ssec: NO_SSEC, conditions: {} };
  await world.objects.copy(alice, bucket, {
    source,
    key,
    encryption,
    conditions: {},
    changesPlacement: false,
  });
  await update(arns.at(-1));
  assert.deepEqual(await bytesOf(await world.objects.get(alice, bucket, readInput("k"))), bytes);
});

test("the user's context pairs stay", async () => {
  const { world, bucket, one, two } = await start();
  const context = Buffer.from('{"dept":"fin"}').toString("base64");
  const encryption = { sse: "aws:kms", keyId: one, context, ssec: NO_SSEC };
  await world.objects.put(alice, bucket, putInput("k", { encryption }), bodyOf(pattern(5)));
  await world.objects.updateEncryption(alice, bucket, { key, keyArn: two, bucketKey: true });
  assert.deepEqual(Object.fromEntries(world.kms.calls.at(-1)?.context ?? []), {
    dept: "fin",
    "aws:s3:arn": "arn:aws:s3:::bucket/k",
  });
  const bucketCall = world.kms.calls.filter(({ op }) => op === "GenerateDataKey").at(-1);
  assert.deepEqual(Object.fromEntries(bucketCall?.context ?? []), {
    dept: "fin",
    "aws:s3:arn": "arn:aws:s3:::bucket",
  });
  assert.deepEqual(await bytesOf(await world.objects.get(alice, bucket, readInput("k"))), pattern(5));
});

test("refusals leave the object as it was", async () => {
  const { world, bucket, one } = await start();
  const update = (change: object, caller = alice): Promise<void> =>
    world.objects.updateEncryption(caller, bucket, { key, keyArn: one, bucketKey: false, ...change });
  await assert.rejects(update({}), refused("NoSuchKey"));
  const source = refused(
    "InvalidRequest",
    "The UpdateObjectEncryption operation doesn't support source objects",
  );
  for (const encryption of [{ ssec: ssec(0) }, { sse: "aws:kms:dsse", keyId: one, ssec: NO_SSEC }]) {
    await world.objects.put(alice, bucket, putInput("k", { encryption }), bodyOf(pattern(5)));
    await assert.rejects(update({}), source);
  }
  await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(5)));
  const sigV4 = "Requests that modify an object encryption configuration require AWS Signature Version 4.";
  await assert.rejects(update({}, testCaller("a", { signature: "none" })), refused("InvalidRequest", sigV4));
  const foreign = keyArn(REGION, "111111111111", "11111111-1111-4111-8111-111111111111");
  await assert.rejects(
    update({ keyArn: foreign }),
    refused(
      "AccessDenied",
      "The AWS KMS key in the request must be owned by the same account as the bucket.",
    ),
  );
  const unknown = keyArn(REGION, ACCOUNT, "33333333-1111-4111-8111-111111111111");
  await assert.rejects(update({ keyArn: unknown }), refused("KMS.NotFoundException"));
  for (const action of ["Encrypt", "GenerateDataKey", "ReEncryptTo"]) {
    world.kms.denied.add(`alice:${action}`);
    await assert.rejects(update({}), refused("AccessDenied"));
    world.kms.denied.clear();
  }
  world.kms.setState(one, "disabled");
  await assert.rejects(update({}), refused("KMS.DisabledException"));
  const found = await world.objects.get(alice, bucket, readInput("k"));
  assert.deepEqual(found.facts.encryption, { mode: "SSE-S3" });
});
