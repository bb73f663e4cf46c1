/** The specification's test list, 54 to 67: ranges, instruction files, copies and deletes. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
} from "@aws-sdk/client-s3";
import { parseRange, storedRange } from "../src/content/range.ts";
import { RawAesKeyring, RawRsaKeyring, type S3EncryptionClient } from "../src/index.ts";
import { FakeS3 } from "./fake-s3.ts";
import { rsaPublicPem } from "./rsa-wraps.ts";
import {
  AES_KEY,
  base64,
  client,
  derived,
  failsWith,
  get,
  kms,
  PERMISSIVE,
  put,
  RSA_KEY,
  V2,
  webPlatform,
} from "./support.ts";

let fake: FakeS3;
before(async () => {
  fake = await new FakeS3().listen();
});
after(() => fake.close());
afterEach(() => {
  fake.fault = undefined;
});

const PLAIN: string = derived.plaintexts.plaintext;
const vector = (id: string) => derived.objects.find((v: { id: string }) => v.id === id);
function store(id: string): void {
  fake.put("k", base64(vector(id).ciphertextBase64), vector(id).objectMetadata);
}
const range = (s3: S3EncryptionClient, Range: string, more: object = {}): Promise<Buffer> =>
  get(s3, "k", {}, { Range, ...more });

test("54: the table of ranges stands in the vectors test; lengths and raw lengths are both told", async () => {
  store("v3-aes-gcm");
  const output = await client(fake, { enableUnauthenticatedRangeGets: true }).send(
    new GetObjectCommand({ Bucket: "b", Key: "k", Range: "bytes=10-20" }),
  );
  assert.equal(output.ContentRange, "bytes 10-20/200");
  assert.equal(output.ContentLength, 11);
  assert.equal(output.Encryption.storedContentRange, "bytes 0-20/216");
  assert.equal(output.Encryption.authentication, "none");
  assert.equal(await output.Body?.transformToString(), PLAIN.slice(10, 21));
});

test("55: suffix, open, past the end, inside the tag, inverted, several", async () => {
  for (const id of ["v3-aes-gcm", "v2-aes-gcm"])
    for (const platform of [{}, { platform: webPlatform }]) {
      store(id);
      const s3 = client(fake, { ...PERMISSIVE, enableLegacyUnauthenticatedModes: false, ...platform });
      assert.equal((await range(s3, "bytes=-40")).toString(), PLAIN.slice(-40));
      assert.equal((await range(s3, "bytes=-4000")).toString(), PLAIN);
      assert.equal((await range(s3, "bytes=40-")).toString(), PLAIN.slice(40));
      assert.equal((await range(s3, "bytes=190-300")).toString(), PLAIN.slice(190));
      assert.equal((await range(s3, "bytes=40-9223372036854775807")).toString(), PLAIN.slice(40));
      for (const inTag of ["bytes=200-215", "bytes=200-", "bytes=215-215", "bytes=-0"])
        await failsWith("RangeNotSatisfiable", range(s3, inTag), inTag);
      await assert.rejects(range(s3, "bytes=300-400"), { name: "InvalidRange" });
      for (const bad of ["bytes=100-50", "10-20", "bytes=abc", "bytes=-", "bytes=0-1,5-6", "items=0-1", ""])
        await failsWith("InvalidRange", range(s3, bad), bad);
    }
});

test("56: ranges are off by default, and refused before any request; part numbers always", async () => {
  fake.log.length = 0;
  await failsWith("RangesDisabled", range(client(fake), "bytes=0-1"));
  await failsWith("Unsupported", get(client(fake), "k", {}, { PartNumber: 1 }));
  assert.equal(fake.log.length, 0);
});

test("57: a V3 range still checks commitment, message id and suite", async () => {
  for (const name of ["x-amz-d", "x-amz-i", "x-amz-c"]) {
    store("v3-aes-gcm");
    const value = fake.get("k").metadata[name] ?? "";
    fake.get("k").metadata[name] = name === "x-amz-c" ? "114" : `B${value.slice(1)}`;
    const code = name === "x-amz-c" ? "UnknownAlgorithm" : "CommitmentMismatch";
    await failsWith(code, range(client(fake, { enableUnauthenticatedRangeGets: true }), "bytes=0-1"), name);
  }
});

test("58: CBC ranges, the last block included, on both platforms", async () => {
  for (const platform of [{}, { platform: webPlatform }]) {
    store("v1-aes-ecb-cbc");
    const s3 = client(fake, { ...PERMISSIVE, ...platform });
    for (const [a, b] of [
      [0, 0],
      [0, 15],
      [15, 16],
      [16, 31],
      [33, 100],
      [190, 199],
      [199, 199],
      [150, 500],
      [0, 500],
    ] as const)
      assert.equal((await range(s3, `bytes=${a}-${b}`)).toString(), PLAIN.slice(a, b + 1), `${a}-${b}`);
    assert.equal((await range(s3, "bytes=64-")).toString(), PLAIN.slice(64));
    await failsWith("InvalidRange", range(s3, "bytes=-5"));
  }
});

test("59: a Content-Range that was not asked for, or another one than asked, is refused", async () => {
  store("v3-aes-gcm");
  fake.fault = (request, response) => {
    if (request.method !== "GET") return false;
    const { metadata, body } = fake.get("k");
    const headers = Object.fromEntries(Object.entries(metadata).map(([k, v]) => [`x-amz-meta-${k}`, v]));
    response.writeHead(206, { ...headers, "Content-Range": "bytes 32-63/216", "Content-Length": "32" });
    response.end(body.subarray(32, 64));
    return true;
  };
  await failsWith("Unsupported", get(client(fake), "k"));
  await failsWith(
    "InvalidRange",
    range(client(fake, { enableUnauthenticatedRangeGets: true }), "bytes=0-63"),
  );
});

test("range arithmetic: what is asked of S3", () => {
  assert.equal(storedRange(0, 15, false), "bytes=0-15");
  assert.equal(storedRange(10, 100, false), "bytes=0-100");
  assert.equal(storedRange(40, undefined, false), "bytes=32-");
  assert.equal(storedRange(40, 50, true), "bytes=16-63");
  assert.deepEqual(parseRange("bytes=5-"), { first: 5, last: undefined });
});

const FILES = { writeInstructionFiles: true } as const;

test("60: V2 and V3 envelopes in instruction files, default and custom suffix", async () => {
  for (const options of [FILES, { ...FILES, ...V2 }]) {
    const s3 = client(fake, options);
    await put(s3, "f", "in a file", {}, { ContentType: "text/plain", Metadata: { mine: "1" } });
    const names = Object.keys(fake.get("f").metadata).sort();
    assert.deepEqual(
      names,
      "commitmentPolicy" in options ? ["mine"] : ["mine", "x-amz-c", "x-amz-d", "x-amz-i"],
    );
    assert.deepEqual(fake.get("f.instruction").metadata, { "x-amz-crypto-instr-file": "" });
    assert.equal(fake.get("f.instruction").headers["content-type"], "text/plain");
    assert.equal((await get(s3, "f")).toString(), "in a file");
    const file = fake.get("f.instruction");
    fake.put("f.partner", file.body, file.metadata);
    fake.objects.delete("b/f.instruction");
    assert.equal((await get(s3, "f", { instructionFileSuffix: ".partner" })).toString(), "in a file");
    await failsWith("NotEncrypted", get(s3, "f"));
  }
  await put(client(fake, { ...FILES, keyring: kms(fake) }), "f", "x", { encryptionContext: { a: "1" } });
  const names = Object.keys(JSON.parse(fake.get("f.instruction").body.toString())).sort();
  assert.deepEqual(names, ["x-amz-3", "x-amz-t", "x-amz-w"]);
});

test("60: with SSE-C the file is read as it was stored, under the object's key", async () => {
  const s3 = client(fake, { ...FILES, enableUnauthenticatedRangeGets: true });
  const sse = (n: number) => ({
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: Buffer.alloc(32, n).toString("base64"),
  });
  const more = { ...sse(1), ExpectedBucketOwner: "111122223333", RequestPayer: "requester" } as const;
  await put(s3, "c", "secret", {}, more);
  fake.log.length = 0;
  assert.equal((await get(s3, "c", {}, more)).toString(), "secret");
  assert.equal((await get(s3, "c", {}, { ...more, Range: "bytes=-3" })).toString(), "ret");
  const files = fake.log.filter(({ path }) => path.endsWith(".instruction"));
  assert.equal(files.length, 3);
  for (const { headers } of files) {
    assert.equal(headers["x-amz-expected-bucket-owner"], "111122223333");
    assert.equal(headers["x-amz-request-payer"], "requester");
  }
  // Over itself, and over what has no customer's key, a failed write puts the former file back.
  await put(s3, "plain", "plain");
  for (const Key of ["c", "plain"]) {
    const before = fake.get(`${Key}.instruction`).body;
    fake.fault = ({ method, path }, response) => {
      if (method !== "PUT" || path !== `b/${Key}`) return false;
      response.writeHead(500).end();
      return true;
    };
    await assert.rejects(put(s3, Key, "other", {}, more));
    fake.fault = undefined;
    assert.ok(fake.get(`${Key}.instruction`).body.equals(before), Key);
  }
  await assert.rejects(get(s3, "c", {}, sse(2)));
  fake.objects.clear();
});

test("61, 62: c, d, i in the file and V2 files of V3 objects are in the negative vectors; V3 files of V2 objects too", async () => {
  fake.put("f", base64(vector("v2-aes-gcm").ciphertextBase64));
  fake.put("f.instruction", Buffer.from(JSON.stringify(vector("v3-instruction-file").instructionFile)));
  await failsWith("ConflictingFormats", get(client(fake, PERMISSIVE), "f"));
  const { "x-amz-key-v2": key, ...rest } = vector("v2-aes-gcm").objectMetadata;
  fake.put("f", base64(vector("v2-aes-gcm").ciphertextBase64), rest);
  fake.put("f.instruction", Buffer.from(JSON.stringify({ "x-amz-key-v2": key })));
  await failsWith("MalformedMetadata", get(client(fake, PERMISSIVE), "f"));
});

test("63: unknown names, invalid JSON, a huge file, no file", async () => {
  const set = (text: string | Uint8Array) => fake.put("f.instruction", Buffer.from(text));
  const good = vector("v3-instruction-file");
  fake.put("f", base64(good.ciphertextBase64), good.objectMetadata);
  set(JSON.stringify({ ...good.instructionFile, note: "other names are ignored" }));
  assert.equal((await get(client(fake), "f")).toString(), PLAIN);
  for (const bad of [
    JSON.stringify({ ...good.instructionFile, "x-amz-new": "1" }),
    "{",
    "[]",
    "{}",
    Uint8Array.of(0x7b, 0xff, 0x7d),
    JSON.stringify({ ...good.instructionFile, pad: "x".repeat(70_000) }),
  ]) {
    set(bad);
    await failsWith("MalformedInstructionFile", get(client(fake), "f"));
  }
  fake.objects.delete("b/f.instruction");
  await failsWith("NotEncrypted", get(client(fake), "f"));
});

test("64: deleting takes the file along, one by one and in bulk, and tolerates that there is none", async () => {
  const s3 = client(fake, FILES);
  await put(s3, "f", "x");
  await s3.send(new DeleteObjectCommand({ Bucket: "b", Key: "f" }));
  assert.ok(!fake.objects.has("b/f") && !fake.objects.has("b/f.instruction"));
  await s3.send(new DeleteObjectCommand({ Bucket: "b", Key: "f" }));
  for (const key of ["f1", "f2"]) await put(s3, key, "x");
  await put(client(fake), "f3", "x");
  fake.log.length = 0;
  const Objects = [{ Key: "f1", VersionId: "v" }, { Key: "f2" }, { Key: "f3" }];
  await s3.send(new DeleteObjectsCommand({ Bucket: "b", Delete: { Objects } }));
  assert.deepEqual(
    [...fake.objects.keys()].filter((key) => /^b\/f\d/.test(key)),
    [],
  );
  assert.equal(fake.log.length, 2);
  await put(s3, "f", "x");
  const keeps = client(fake, { deleteInstructionFiles: false });
  await keeps.send(new DeleteObjectCommand({ Bucket: "b", Key: "f" }));
  assert.ok(fake.objects.has("b/f.instruction"));
});

test("65: re-encrypt AES to AES, AES to RSA under a suffix; same description and unrotated keys are refused", async () => {
  const oldKeyring = new RawAesKeyring({ key: AES_KEY, materialDescription: { g: "1" } });
  const newKey = new Uint8Array(32).fill(9);
  const newKeyring = new RawAesKeyring({ key: newKey, materialDescription: { g: "2" } });
  for (const policy of [{}, V2]) {
    const s3 = client(fake, { ...FILES, ...policy, keyring: oldKeyring });
    await put(s3, "f", "rotated");
    const body = fake.get("f").body;
    const at = { Bucket: "b", Key: "f" };
    const share = new RawRsaKeyring({ publicKey: rsaPublicPem(), materialDescription: { for: "partner" } });
    const shared = await s3.reEncryptInstructionFile({
      ...at,
      newKeyring: share,
      instructionFileSuffix: "partner",
    });
    assert.equal(shared.instructionFileKey, "f.partner");
    const partner = client(fake, { ...policy, keyring: new RawRsaKeyring({ privateKey: RSA_KEY }) });
    assert.equal((await get(partner, "f", { instructionFileSuffix: ".partner" })).toString(), "rotated");
    assert.equal((await get(s3, "f")).toString(), "rotated");
    const same = new RawAesKeyring({ key: AES_KEY, materialDescription: { g: "2" } });
    await failsWith(
      "InvalidOption",
      s3.reEncryptInstructionFile({ ...at, newKeyring: same, enforceRotation: true }),
    );
    await failsWith("InvalidOption", s3.reEncryptInstructionFile({ ...at, newKeyring: oldKeyring }));
    await failsWith(
      "InvalidOption",
      s3.reEncryptInstructionFile({ ...at, newKeyring, instructionFileSuffix: "x" }),
    );
    await failsWith("Unsupported", s3.reEncryptInstructionFile({ ...at, newKeyring: kms(fake) }));
    await s3.reEncryptInstructionFile({ ...at, newKeyring, enforceRotation: true });
    await failsWith("WrongKey", get(s3, "f"));
    assert.equal((await get(client(fake, { ...policy, keyring: newKeyring }), "f")).toString(), "rotated");
    assert.deepEqual(fake.get("f").body, body);
  }
});

test("65: a V1 file comes out with V2 names and still reads", async () => {
  const v1 = vector("v1-instruction-file");
  fake.put("f", base64(v1.ciphertextBase64));
  fake.put("f.instruction", Buffer.from(JSON.stringify(v1.instructionFile)));
  const legacy = { ...PERMISSIVE, ...V2, ...FILES };
  const newKeyring = new RawAesKeyring({ key: new Uint8Array(32).fill(9), materialDescription: { g: "2" } });
  await client(fake, legacy).reEncryptInstructionFile({ Bucket: "b", Key: "f", newKeyring });
  const file = JSON.parse(fake.get("f.instruction").body.toString());
  assert.equal(file["x-amz-tag-len"], "0");
  assert.equal(file["x-amz-cek-alg"], "AES/CBC/PKCS5Padding");
  assert.equal((await get(client(fake, { ...legacy, keyring: newKeyring }), "f")).toString(), PLAIN);
});

test("66: writing is off by default; with a failing object the file that was there comes back", async () => {
  const s3 = client(fake, FILES);
  await failsWith(
    "InvalidOption",
    client(fake).reEncryptInstructionFile({
      Bucket: "b",
      Key: "f",
      newKeyring: new RawAesKeyring({ key: AES_KEY }),
    }),
  );
  await put(s3, "f", "first");
  fake.fault = (request, response) =>
    request.method === "PUT" && request.path === "b/f" && Boolean(response.writeHead(500).end());
  await assert.rejects(put(s3, "f", "second"));
  await assert.rejects(put(s3, "f-new", "second").then(() => put(s3, "f", "third")));
  fake.fault = undefined;
  assert.equal((await get(s3, "f")).toString(), "first");
  await assert.rejects(put(s3, "f", "fourth", {}, { IfNoneMatch: "*" }), { name: "PreconditionFailed" });
  assert.equal((await get(s3, "f")).toString(), "first");
  await failsWith("Unsupported", put(s3, "f", "x", {}, { IfMatch: '"etag"' }));
});

test("67: copies pass through unchanged; with the metadata they decrypt, without they say what is missing", async () => {
  await put(client(fake), "k", "copied");
  fake.log.length = 0;
  fake.fault = (request, response) =>
    request.headers["x-amz-copy-source"] !== undefined &&
    Boolean(response.writeHead(200).end("<CopyObjectResult><ETag>x</ETag></CopyObjectResult>"));
  await client(fake).send(new CopyObjectCommand({ Bucket: "b", Key: "copy", CopySource: "b/k" }));
  assert.equal(fake.log.length, 1);
  const { body, metadata } = fake.get("k");
  fake.put("copy", body, metadata);
  assert.equal((await get(client(fake), "copy")).toString(), "copied");
  fake.put("copy", body);
  await failsWith("NotEncrypted", get(client(fake), "copy"));
});

test("HEAD passes through with the stored size; inspect tells how an object is encrypted without a key", async () => {
  const s3 = client(fake, { keyring: kms(fake) });
  await put(s3, "k", "12345", { encryptionContext: { a: "1" } });
  fake.kmsLog.length = 0;
  assert.equal((await s3.send(new HeadObjectCommand({ Bucket: "b", Key: "k" }))).ContentLength, 21);
  const found = await s3.inspect({ Bucket: "b", Key: "k" });
  assert.ok(found.encrypted);
  assert.equal(found.plaintextLength, 5);
  assert.equal(found.encryption.format, "V3");
  assert.deepEqual(found.encryption.description, { a: "1", "aws:x-amz-cek-alg": "115" });
  fake.put("plain", Buffer.from("x"));
  assert.equal((await s3.inspect({ Bucket: "b", Key: "plain" })).encrypted, false);
  assert.deepEqual(fake.kmsLog, []);
});
