/** Spec C.4, C.5, A.3, E.5 to E.7 on reads, and the order of access 7. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EncryptionHeaders, ReadInput } from "./api.ts";
import { NO_SSEC, parseSsecHeaders } from "./encryption/ssec-request.ts";
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
import type { Bucket } from "./api.ts";

const alice = testCaller();
const KEY = "11111111-1111-4111-8111-111111111111";
const K1 = ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "tP/LI3N87DFaSk0aoqYgzg=="] as const;
const K16 = ["AAECAwQFBgcICQoLDA0ODw==", "GsHvAelsrxvg0ykzGk/CqA=="] as const;
const K2 = ["ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=", "v2HomVYPq94vbXb0BabrcA=="] as const;

async function withObject(
  encryption: EncryptionHeaders,
  size = 100,
): Promise<{ world: World; bucket: Bucket }> {
  const world = await makeWorld();
  world.kms.create(KEY);
  const bucket = await world.bucket();
  await world.objects.put(alice, bucket, putInput("k", { encryption }), bodyOf(pattern(size)));
  return { world, bucket };
}

test("C.4 on GET, HEAD, attributes and copy sources, empty objects included", async () => {
  for (const size of [0, 100, 100_000]) {
    const { world, bucket } = await withObject({ ssec: parseSsecHeaders("AES256", ...K1) }, size);
    const md5 = "The calculated MD5 hash of the key";
    const wrong =
      "Requests specifying Server Side Encryption with Customer provided keys must provide the correct";
    const rows: readonly (readonly [
      [string | undefined, string | undefined, string | undefined],
      code: string,
      text: string,
    ])[] = [
      [[undefined, undefined, undefined], "InvalidRequest", "The object was stored using a form"],
      [["AES256", ...K2], "AccessDenied", wrong],
      [["AES256", ...K16], "AccessDenied", wrong],
      [["KMS", ...K1], "InvalidEncryptionAlgorithmError", "The Encryption request"],
      [
        [undefined, ...K1],
        "InvalidArgument",
        "Requests specifying Server Side Encryption with Customer provided keys must provide a valid",
      ],
      [
        ["AES256", undefined, K1[1]],
        "InvalidArgument",
        "Requests specifying Server Side Encryption with Customer provided keys must provide an app",
      ],
      [["AES256", K1[0], K2[1]], "InvalidArgument", md5],
    ];
    for (const [headers, code, text] of rows) {
      const given = parseSsecHeaders(...headers);
      const read = readInput("k", { ssec: given });
      const attributes = { key: read.key, ssec: given, wantChecksum: false };
      const source = { bucket, key: read.key, ssec: given, conditions: {} };
      const copy = {
        source,
        key: putInput("t").key,
        encryption: PLAIN,
        conditions: {},
        changesPlacement: false,
      };
      await assert.rejects(world.objects.get(alice, bucket, read), refused(code, text));
      await assert.rejects(world.objects.head(alice, bucket, read), refused(code, text));
      await assert.rejects(world.objects.attributes(alice, bucket, attributes), refused(code, text));
      await assert.rejects(world.objects.copy(alice, bucket, copy), refused(code, text));
    }
    const withoutMd5 = readInput("k", { ssec: parseSsecHeaders("AES256", K1[0], undefined) });
    const found = await world.objects.get(alice, bucket, withoutMd5);
    assert.deepEqual(await bytesOf(found), pattern(size));
    assert.deepEqual(found.facts.encryption, { mode: "SSE-C", keyMd5: K1[1] });
  }
});

test("C.4: a customer's key for an object that has none, and a missing object before anything else", async () => {
  for (const encryption of [PLAIN, { sse: "aws:kms", keyId: KEY, ssec: NO_SSEC }]) {
    const { world, bucket } = await withObject(encryption);
    const read = readInput("k", { ssec: ssec(0) });
    const text = "The encryption parameters are not applicable to this object.";
    await assert.rejects(world.objects.get(alice, bucket, read), refused("InvalidRequest", text));
    await assert.rejects(world.objects.head(alice, bucket, read), refused("InvalidRequest", text));
    const missing = readInput("none", { ssec: ssec(0), refused: { sse: "AES256" } });
    await assert.rejects(world.objects.get(alice, bucket, missing), refused("NoSuchKey"));
  }
});

test("A.3: encryption headers on reads are refused once the object exists, before its key check and conditions", async () => {
  const { world, bucket } = await withObject({ ssec: ssec(0) });
  for (const headers of [{ sse: "AES256" }, { keyId: "x" }, { context: "e30=" }, { bucketKey: "true" }]) {
    const read: ReadInput = readInput("k", { refused: headers, conditions: { ifMatch: ["other"] } });
    for (const call of [world.objects.get(alice, bucket, read), world.objects.head(alice, bucket, read)]) {
      await assert.rejects(call, (error: Error) => {
        assert.match(error.message, /header is not supported for this operation\.$/);
        return true;
      });
    }
  }
});

test("E.6: KMS data needs TLS and SigV4; a bare HEAD does not; SSE-S3 never does", async () => {
  const kms = { sse: "aws:kms", keyId: KEY, ssec: NO_SSEC };
  const { world, bucket } = await withObject(kms);
  const plain = testCaller("alice", { keysMayPass: false });
  const anonymous = testCaller("alice", { signature: "none" });
  const read = readInput("k");
  const tls = refused(
    "InvalidArgument",
    "Requests specifying Server Side Encryption with AWS KMS managed keys must",
  );
  const sigV4 = refused(
    "InvalidArgument",
    "Requests specifying Server Side Encryption with AWS KMS managed keys require",
  );
  await assert.rejects(world.objects.get(plain, bucket, read), tls);
  await assert.rejects(world.objects.get(anonymous, bucket, read), sigV4);
  await assert.rejects(world.objects.head(plain, bucket, readInput("k", { checksumMode: true })), tls);
  assert.equal((await world.objects.head(anonymous, bucket, read)).kind, "object");
  await world.objects.put(plain, bucket, putInput("s3"), bodyOf(pattern(5)));
  assert.equal(
    (await world.objects.get({ ...plain, signature: "none" }, bucket, readInput("s3"))).kind,
    "object",
  );
  const customer = readInput("k", { ssec: ssec(0) });
  await assert.rejects(world.objects.get(plain, bucket, customer), tls);
});

test("E.5: who lacks Decrypt reads nothing; HEAD is bare without checksum mode; conditions come before the key", async () => {
  const { world, bucket } = await withObject({ sse: "aws:kms", keyId: KEY, ssec: NO_SSEC });
  world.kms.denied.add("alice:Decrypt");
  const denied = refused("AccessDenied", "User: alice is not authorized to perform: kms:Decrypt");
  await assert.rejects(world.objects.get(alice, bucket, readInput("k")), denied);
  const head = await world.objects.head(alice, bucket, readInput("k"));
  assert.equal(head.kind, "object");
  await assert.rejects(world.objects.head(alice, bucket, readInput("k", { checksumMode: true })), denied);
  const attributes = { key: readInput("k").key, ssec: NO_SSEC, wantChecksum: true };
  await assert.rejects(world.objects.attributes(alice, bucket, attributes), denied);
  const conditional = readInput("k", { conditions: { ifNoneMatch: [head.facts.etag] } });
  assert.equal((await world.objects.get(alice, bucket, conditional)).kind, "not-modified");
  const mismatch = readInput("k", { conditions: { ifMatch: ["other"] } });
  await assert.rejects(world.objects.get(alice, bucket, mismatch), refused("PreconditionFailed"));
});

test("E.7: a disabled or dying key, on read and on write", async () => {
  const encryption = { sse: "aws:kms", keyId: KEY, ssec: NO_SSEC };
  const { world, bucket } = await withObject(encryption);
  const arn = world.kms.create(KEY.replace("1", "2"));
  const other = { ...encryption, keyId: arn };
  await world.objects.put(alice, bucket, putInput("o", { encryption: other }), bodyOf(pattern(9)));
  const states = [
    ["disabled", "KMS.DisabledException", `${arn} is disabled.`],
    ["pending deletion", "KMS.KMSInvalidStateException", `${arn} is pending deletion.`],
  ] as const;
  for (const [state, code, text] of states) {
    world.kms.setState(arn, state);
    await assert.rejects(world.objects.get(alice, bucket, readInput("o")), refused(code, text));
    const put = world.objects.put(alice, bucket, putInput("n", { encryption: other }), bodyOf(pattern(9)));
    await assert.rejects(put, refused(code, text));
    const bk = { ...other, bucketKey: "true" };
    const again = world.objects.put(alice, bucket, putInput("n", { encryption: bk }), bodyOf(pattern(9)));
    await assert.rejects(again, refused(code, text));
  }
  const fake = { ...encryption, keyId: "fake-key-id" };
  const put = world.objects.put(alice, bucket, putInput("n", { encryption: fake }), bodyOf(pattern(9)));
  await assert.rejects(put, refused("KMS.NotFoundException", "Invalid keyId 'fake-key-id'"));
});

test("checksum mode: what the client sent, else CRC64NVME; whole objects only", async () => {
  const { world, bucket } = await withObject({ sse: "aws:kms", keyId: KEY, ssec: NO_SSEC });
  const read = readInput("k", { checksumMode: true });
  const head = await world.objects.head(alice, bucket, read);
  assert.ok(head.kind === "object" && head.checksum?.algorithm === "CRC64NVME");
  assert.equal(head.checksum.type, "FULL_OBJECT");
  const get = await world.objects.get(alice, bucket, read);
  assert.ok(get.kind === "object");
  assert.deepEqual(get.checksum, head.checksum);
  const range = { kind: "from-to", from: 0, to: 5 } as const;
  const part = await world.objects.get(alice, bucket, { ...read, range });
  assert.ok(part.kind === "object" && part.checksum === undefined);
  const integrity = { checksum: { algorithm: "CRC32", value: "NhCmhg==" } } as const;
  const hello = bodyOf(new TextEncoder().encode("hello"));
  const put = await world.objects.put(alice, bucket, putInput("h", { integrity }), hello);
  assert.deepEqual(put.checksum, { algorithm: "CRC32", type: "FULL_OBJECT", value: "NhCmhg==" });
  const bad = { checksum: { algorithm: "CRC32", value: "AAAAAA==" } } as const;
  await assert.rejects(
    world.objects.put(alice, bucket, putInput("h2", { integrity: bad }), hello),
    refused("BadDigest", "The CRC32 you specified did not match the calculated checksum."),
  );
});

test("parts of an object that is not multipart; a part and a range together", async () => {
  const { world, bucket } = await withObject(PLAIN);
  const one = await world.objects.get(alice, bucket, readInput("k", { partNumber: 1 }));
  assert.ok(one.kind === "object" && one.partial && one.to === 100);
  await assert.rejects(
    world.objects.head(alice, bucket, readInput("k", { partNumber: 2 })),
    (error: { code?: string; elements?: unknown }) => {
      assert.equal(error.code, "InvalidPartNumber");
      assert.deepEqual(error.elements, { ActualPartCount: "1", PartNumberRequested: "2" });
      return true;
    },
  );
  const range = { kind: "suffix", bytes: 5 } as const;
  const both = world.objects.get(alice, bucket, readInput("k", { partNumber: 1, range }));
  await assert.rejects(both, refused("InvalidRequest", "Cannot specify both Range header"));
});
