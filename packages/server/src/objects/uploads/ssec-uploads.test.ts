/** Spec C.6, row by row: the customer's key on the requests of a multipart upload. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bucket } from "../api.ts";
import { NO_SSEC, parseSsecHeaders } from "../encryption/ssec-request.ts";
import { STREAM_PAGE_ENTRIES } from "../../base/limits.ts";
import { bodyOf, pattern, putInput, readInput, refused, ssec, testCaller } from "../test-world.ts";
import {
  alice,
  Client,
  headersWith,
  listed,
  listedWithChecksum,
  makeUploads,
  PART_MIN,
  type UploadsWorld,
} from "./test-uploads.ts";

const K1 = ssec(0);
const K2 = ssec(32);
const NEEDS = "The multipart upload initiate requested encryption. Subsequent part requests must include";
const OTHER = "The provided encryption parameters did not match the ones used originally.";
const BAD_MD5 = parseSsecHeaders(
  "AES256",
  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
  "v2HomVYPq94vbXb0BabrcA==",
);

async function begin(change = {}): Promise<{ world: UploadsWorld; bucket: Bucket; client: Client }> {
  const world = await makeUploads();
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k", { encryption: headersWith(K1), ...change });
  return { world, bucket, client };
}

test("parts: key missing, another, damaged, or sent for an upload without one", async () => {
  const { world, bucket, client } = await begin();
  await assert.rejects(client.put(1, pattern(1), {}, NO_SSEC), refused("InvalidRequest", NEEDS));
  await assert.rejects(client.put(1, pattern(1), {}, K2), refused("InvalidRequest", OTHER));
  await assert.rejects(
    client.put(1, pattern(1), {}, BAD_MD5),
    refused("InvalidArgument", "The calculated MD5 hash of the key did not match"),
  );
  const part = await client.put(1, pattern(1));
  assert.deepEqual(part.encryption, { mode: "SSE-C", keyMd5: K1.keyMd5 });
  const plain = await Client.begin(world, bucket, "plain");
  await assert.rejects(plain.put(1, pattern(1), {}, K1), refused("InvalidRequest", NEEDS));
  await assert.rejects(
    plain.complete([{ partNumber: 1, etag: "0" }], { ssec: K1 }),
    refused("InvalidRequest", NEEDS),
  );
});

test("Complete and ListParts without the key work as long as no checksum algorithm was named", async () => {
  const { world, bucket, client } = await begin();
  const list = [
    listed(1, await client.put(1, pattern(PART_MIN, 1))),
    listed(2, await client.put(2, pattern(9))),
  ];
  const parts = await world.uploads.listParts(alice, bucket, {
    ...client.target,
    after: 0,
    max: 10,
    ssec: NO_SSEC,
  });
  assert.deepEqual(
    parts.parts.map(({ partNumber, size }) => [partNumber, size]),
    [
      [1, PART_MIN],
      [2, 9],
    ],
  );
  const named = list.map((part) => ({
    ...part,
    checksum: { algorithm: "CRC32" as const, value: "AAAAAA==" },
  }));
  await assert.rejects(client.complete(named, { ssec: NO_SSEC }), refused("InvalidRequest"));
  await assert.rejects(client.complete(list, { ssec: K2 }), refused("InvalidRequest", OTHER));
  const done = await client.complete(list, { ssec: NO_SSEC });
  assert.equal(done.checksum, undefined);
  assert.deepEqual(await client.complete(list, { ssec: NO_SSEC }), done);
  const whole = new Uint8Array(Buffer.concat([pattern(PART_MIN, 1), pattern(9)]));
  assert.deepEqual(await client.read(), whole);
  await assert.rejects(client.read({ ssec: K2 }), refused("AccessDenied"));
  const put = await world.objects.put(
    alice,
    bucket,
    putInput("w", { encryption: headersWith(K1) }),
    bodyOf(whole),
  );
  const input = { key: client.key, ssec: K1, conditions: {}, checksumMode: true };
  const head = await world.objects.head(alice, bucket, input);
  // Combined from the parts' sealed ones, because nobody had the key at Complete.
  assert.ok(head.kind === "object" && head.checksum !== undefined);
  assert.deepEqual(head.checksum, put.checksum);
});

test("the checksum of many parts is combined while other requests run", async () => {
  const world = await makeUploads(undefined, 1);
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k", { encryption: headersWith(K1) });
  await client.all(Array.from({ length: 2 * STREAM_PAGE_ENTRIES + 1 }, (_, i) => pattern(3, i)));
  let turns = 0;
  let going = true;
  const turn = (): void => {
    turns++;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  await world.objects.head(alice, bucket, readInput("k", { ssec: K1, checksumMode: true }));
  going = false;
  assert.ok(turns >= 2, `${turns} turns`);
});

test("with a checksum algorithm Complete and ListParts need the key", async () => {
  const { world, bucket, client } = await begin({ checksumAlgorithm: "SHA256" });
  const part = await client.put(1, pattern(9), { algorithm: "SHA256" });
  const list = [listedWithChecksum(1, part)];
  const without = refused(
    "InvalidArgument",
    "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.",
  );
  await assert.rejects(client.complete(list, { ssec: NO_SSEC }), without);
  const page = { ...client.target, after: 0, max: 10 };
  await assert.rejects(world.uploads.listParts(alice, bucket, { ...page, ssec: NO_SSEC }), without);
  const shown = await world.uploads.listParts(alice, bucket, { ...page, ssec: K1 });
  assert.deepEqual(shown.parts[0]?.checksum, part.checksum);
  const done = await client.complete(list);
  assert.equal(done.checksum?.type, "COMPOSITE");
  assert.match(done.checksum?.value ?? "", /-1$/);
});

test("an upload begun before the bucket blocked SSE-C: part 403, Complete 403, Abort well", async () => {
  const { world, bucket, client } = await begin();
  const list = [listed(1, await client.put(1, pattern(9)))];
  const blocked: Bucket = { ...bucket, encryption: { ssecBlocked: true } };
  const late = new Client(world, blocked, "k", client.uploadId, K1);
  const text = `User: arn:aws:iam::000000000000:user/alice is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::bucket/k" because this bucket has blocked`;
  await assert.rejects(late.put(2, pattern(9)), refused("AccessDenied", text));
  await assert.rejects(late.complete(list), refused("AccessDenied", text));
  await assert.rejects(late.complete(list, { ssec: NO_SSEC }), refused("AccessDenied", text));
  await late.abort();
});

test("without a secure connection no customer's key passes", async () => {
  const { world, bucket, client } = await begin();
  const caller = testCaller("alice", { keysMayPass: false });
  const input = { ...client.target, partNumber: 1, ssec: K1, integrity: {} };
  await assert.rejects(
    world.uploads.putPart(caller, bucket, input, bodyOf(pattern(1))),
    refused(
      "InvalidArgument",
      "Requests specifying Server Side Encryption with Customer provided keys must be",
    ),
  );
});

test("part copies: into an SSE-C upload with its key, out of an SSE-C source with the source's", async () => {
  const { world, bucket, client } = await begin();
  const bytes = pattern(100_000);
  await world.objects.put(alice, bucket, putInput("source", { encryption: headersWith(K2) }), bodyOf(bytes));
  const source = { bucket, key: putInput("source").key, ssec: K2, conditions: {} };
  const copy = { ...client.target, partNumber: 1, source, ssec: NO_SSEC };
  await assert.rejects(world.uploads.copyPart(alice, bucket, copy), refused("InvalidRequest", NEEDS));
  await assert.rejects(
    world.uploads.copyPart(alice, bucket, { ...copy, ssec: K2 }),
    refused("InvalidRequest", OTHER),
  );
  await assert.rejects(
    world.uploads.copyPart(alice, bucket, { ...copy, ssec: K1, source: { ...source, ssec: K1 } }),
    refused("AccessDenied"),
  );
  const range = { from: 10, to: 80_009 };
  const part = await world.uploads.copyPart(alice, bucket, { ...copy, ssec: K1, range });
  assert.equal(part.encryption.mode, "SSE-C");
  const beyond = { from: 10, to: 100_000 };
  await assert.rejects(
    world.uploads.copyPart(alice, bucket, { ...copy, ssec: K1, range: beyond }),
    refused("InvalidArgument", "Range specified is not valid for source object of size: 100000"),
  );
  await client.complete([listed(1, part)]);
  assert.deepEqual(await client.read(), bytes.slice(10, 80_010));
});
