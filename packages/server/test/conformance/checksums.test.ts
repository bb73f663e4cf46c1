/** Checksums as the current SDKs send them: ten algorithms, in headers and trailers, whole and by parts. */
import assert from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import { Readable } from "node:stream";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import {
  type ChecksumAlgorithm,
  type ChecksumType,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Xxh3_128, Xxh3_64, Xxh64 } from "@aws-sdk/checksums/xxh";
import { type Answer, call, type Headers } from "./call.ts";
import { ok, refused } from "./expect.ts";
import { startWorld } from "./world.ts";

/** Of `hello`, each by an implementation that is not the store's. */
const HELLO: Readonly<Record<ChecksumAlgorithm, string>> = {
  CRC32: "NhCmhg==",
  CRC32C: "mnG7TA==",
  CRC64NVME: "M3eFcAZSQlc=",
  SHA1: createHash("sha1").update("hello").digest("base64"),
  SHA256: createHash("sha256").update("hello").digest("base64"),
  SHA512: createHash("sha512").update("hello").digest("base64"),
  MD5: "XUFAKrxLKna5cZ2REBfFkg==",
  XXHASH64: Buffer.from("26c7827d889f6da3", "hex").toString("base64"),
  XXHASH3: Buffer.from("9555e8555c62dcfd", "hex").toString("base64"),
  XXHASH128: Buffer.from("b5e9c1ad071b3e7fc779cfaa5e523818", "hex").toString("base64"),
};
const ALGORITHMS = Object.keys(HELLO) as ChecksumAlgorithm[];
const header = (algorithm: string): string => `x-amz-checksum-${algorithm.toLowerCase()}`;

/** The SDK takes the algorithms that it does not come with as classes. */
class Sha512 {
  #hash: Hash = createHash("sha512");
  readonly digestLength = 64;
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {
    this.#hash = createHash("sha512");
  }
}

const world = await startWorld();
const s3 = world.client({
  checksumAlgorithms: { SHA512: Sha512, XXHASH64: Xxh64, XXHASH3: Xxh3_64, XXHASH128: Xxh3_128 },
});
const bare = world.client({ checksums: false });
const Bucket = await world.bucket();

const head = (Key: string) => call(s3, new HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
function showsChecksum(answer: Answer, algorithm: string, value: string, type?: ChecksumType): void {
  assert.equal(ok(answer, answer.status).headers[header(algorithm)], value);
  if (type !== undefined) assert.equal(answer.headers["x-amz-checksum-type"], type);
}

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: in a header, verified, kept, shown in checksum mode only`, async () => {
    const Key = `header/${algorithm}`;
    const put = (value: string) =>
      call(bare, new PutObjectCommand({ Bucket, Key, Body: "hello" }), { [header(algorithm)]: value });
    showsChecksum(await put(HELLO[algorithm]), algorithm, HELLO[algorithm], "FULL_OBJECT");
    showsChecksum(await head(Key), algorithm, HELLO[algorithm], "FULL_OBJECT");
    const plain = ok(await call(bare, new HeadObjectCommand({ Bucket, Key })));
    assert.equal(plain.headers[header(algorithm)], undefined);
    const wrong = Buffer.from(HELLO[algorithm], "base64").fill(1).toString("base64");
    refused(await put(wrong), 400, "BadDigest", {
      message: `The ${algorithm} you specified did not match the calculated checksum.`,
    });
    assert.equal((await put("AAAA")).status, 400);
    assert.equal((await put("not base64!")).status, 400);
    // The SDK verifies what it gets: it throws if the two differ.
    const got = ok(await call(s3, new GetObjectCommand({ Bucket, Key })));
    assert.equal(got.text, "hello");
    showsChecksum(got, algorithm, HELLO[algorithm]);
  });
}

test("the SDK computes and sends each of them, in a header and, of a stream, in a trailer", async () => {
  for (const algorithm of ALGORITHMS) {
    // MD5 of a stream this SDK would announce as a trailer `content-md5`, which S3 does not have.
    for (const streamed of algorithm === "MD5" ? [false] : [false, true]) {
      const Key = `sdk/${algorithm}/${streamed}`;
      const Body = streamed ? Readable.from([Buffer.from("hello")]) : "hello";
      const input = { Bucket, Key, Body, ContentLength: 5, ChecksumAlgorithm: algorithm };
      showsChecksum(await call(s3, new PutObjectCommand(input)), algorithm, HELLO[algorithm]);
      showsChecksum(await head(Key), algorithm, HELLO[algorithm], "FULL_OBJECT");
    }
  }
});

test("without any: CRC64NVME of the whole is kept; with the SDK's default: CRC32", async () => {
  ok(await call(bare, new PutObjectCommand({ Bucket, Key: "none", Body: "hello" })));
  showsChecksum(await head("none"), "CRC64NVME", HELLO.CRC64NVME, "FULL_OBJECT");
  ok(await call(s3, new PutObjectCommand({ Bucket, Key: "default", Body: "hello" })));
  showsChecksum(await head("default"), "CRC32", HELLO.CRC32, "FULL_OBJECT");
});

test("two checksums, an unknown one, a wrong Content-MD5", async () => {
  const put = (headers: Headers) =>
    call(bare, new PutObjectCommand({ Bucket, Key: "bad", Body: "hello" }), headers);
  const two = { [header("CRC32")]: HELLO.CRC32, [header("SHA1")]: HELLO.SHA1 };
  refused(await put(two), 400, "InvalidRequest", { message: "Expecting a single x-amz-checksum- header" });
  refused(await put({ "x-amz-checksum-crc16": "AAAA" }), 400, "InvalidRequest");
  // Seen on S3: localstack's recorded test test_s3_invalid_content_md5.
  refused(await put({ "content-md5": "AAAAAAAAAAAAAAAAAAAAAA==" }), 400, "BadDigest", {
    ExpectedDigest: "0".repeat(32),
    CalculatedDigest: "XUFAKrxLKna5cZ2REBfFkg==",
  });
  refused(await put({ "content-md5": "short" }), 400, "InvalidDigest");
  refused(await put({ "x-amz-sdk-checksum-algorithm": "CRC16" }), 400, "InvalidRequest");
  refused(await head("bad"), 404);
});

test("copies keep the source's algorithm unless another is asked for", async () => {
  const input = { Bucket, Key: "source", Body: "hello", ChecksumAlgorithm: "SHA256" } as const;
  ok(await call(s3, new PutObjectCommand(input)));
  const copy = (Key: string, ChecksumAlgorithm?: ChecksumAlgorithm) =>
    call(
      s3,
      new CopyObjectCommand({
        Bucket,
        Key,
        CopySource: `${Bucket}/source`,
        ...(ChecksumAlgorithm === undefined ? {} : { ChecksumAlgorithm }),
      }),
    );
  const kept = ok(await copy("kept"));
  assert.equal(kept.output?.CopyObjectResult?.ChecksumSHA256, HELLO.SHA256);
  const other = ok(await copy("other", "CRC32C"));
  assert.equal(other.output?.CopyObjectResult?.ChecksumCRC32C, HELLO.CRC32C);
  showsChecksum(await head("other"), "CRC32C", HELLO.CRC32C, "FULL_OBJECT");
});

// ---------------------------------------------------------------- multipart

const FIRST = Buffer.alloc(5 * 1024 ** 2, "first part ");
const SECOND = Buffer.from("the second");

async function create(Key: string, ChecksumAlgorithm?: ChecksumAlgorithm, ChecksumType?: ChecksumType) {
  const input = {
    Bucket,
    Key,
    ...(ChecksumAlgorithm === undefined ? {} : { ChecksumAlgorithm }),
    ...(ChecksumType === undefined ? {} : { ChecksumType }),
  };
  return call(bare, new CreateMultipartUploadCommand(input));
}
interface Open {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}
async function begin(...args: Parameters<typeof create>): Promise<Open> {
  const created = ok(await create(...args));
  return { Bucket, Key: args[0], UploadId: created.output?.UploadId ?? "" };
}
/** Two parts whose checksums the SDK computes. */
async function putParts(upload: Open, ChecksumAlgorithm: ChecksumAlgorithm): Promise<CompletedPart[]> {
  const parts: CompletedPart[] = [];
  for (const [i, Body] of [FIRST, SECOND].entries()) {
    const command = new UploadPartCommand({ ...upload, PartNumber: i + 1, Body, ChecksumAlgorithm });
    const put = ok(await call(s3, command));
    const { ETag = "" } = put.output ?? {};
    const value = put.headers[header(ChecksumAlgorithm)] ?? "";
    assert.notEqual(value, "", "a part's answer shows its checksum");
    parts.push({ PartNumber: i + 1, ETag, [`Checksum${ChecksumAlgorithm}`]: value });
  }
  return parts;
}
const complete = (upload: Open, Parts: CompletedPart[], headers: Headers = {}) =>
  call(bare, new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }), headers);
const withoutChecksums = (parts: readonly CompletedPart[]): CompletedPart[] =>
  parts.map(({ ETag = "", PartNumber = 0 }) => ({ ETag, PartNumber }));

/** Node's own functions where it has them: an independent word on the parts'. */
const digestOf = (algorithm: string) => (bytes: Uint8Array) => createHash(algorithm).update(bytes).digest();
const KNOWN: readonly (readonly [ChecksumAlgorithm, (bytes: Uint8Array) => Buffer])[] = [
  ["SHA1", digestOf("sha1")],
  ["SHA256", digestOf("sha256")],
  ["SHA512", digestOf("sha512")],
  ["MD5", digestOf("md5")],
  ["CRC32", crc],
];
function crc(bytes: Uint8Array): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(crc32(bytes));
  return out;
}

for (const algorithm of ALGORITHMS.filter((name) => name !== "CRC64NVME")) {
  test(`multipart ${algorithm}: COMPOSITE by default, and Complete names each part's`, async () => {
    const Key = `composite/${algorithm}`;
    const upload = await begin(Key, algorithm);
    const parts = await putParts(upload, algorithm);
    refused(await complete(upload, withoutChecksums(parts)), 400, "InvalidRequest");
    const wrong = parts.map((part) => ({ ...part, [`Checksum${algorithm}`]: HELLO[algorithm] }));
    assert.equal((await complete(upload, wrong)).status, 400);
    ok(await complete(upload, parts));
    const shown = ok(await head(Key));
    const value = shown.headers[header(algorithm)] ?? "";
    assert.match(value, /-2$/);
    assert.equal(shown.headers["x-amz-checksum-type"], "COMPOSITE");
    const known = KNOWN.find(([name]) => name === algorithm)?.[1];
    if (known !== undefined) {
      const expected = known(Buffer.concat([known(FIRST), known(SECOND)])).toString("base64");
      assert.equal(value, `${expected}-2`);
    }
  });
}

test("multipart full-object CRCs are those of the whole, with and without the parts' in Complete", async () => {
  for (const algorithm of ["CRC32", "CRC32C", "CRC64NVME"] as const) {
    const Key = `full/${algorithm}`;
    const upload = await begin(Key, algorithm, "FULL_OBJECT");
    ok(await complete(upload, withoutChecksums(await putParts(upload, algorithm))));
    const single = `single/${algorithm}`;
    const Body = Buffer.concat([FIRST, SECOND]);
    ok(await call(s3, new PutObjectCommand({ Bucket, Key: single, Body, ChecksumAlgorithm: algorithm })));
    const expected = (await head(single)).headers[header(algorithm)] ?? "";
    showsChecksum(await head(Key), algorithm, expected, "FULL_OBJECT");
    if (algorithm === "CRC32") assert.equal(expected, crc(Body).toString("base64"));
  }
});

test("multipart: the whole's checksum in Complete is verified, and so is the size", async () => {
  const upload = await begin("promised", "CRC32", "FULL_OBJECT");
  const parts = await putParts(upload, "CRC32");
  const size = FIRST.length + SECOND.length;
  const type = { "x-amz-checksum-type": "FULL_OBJECT" };
  refused(await complete(upload, parts, { [header("CRC32")]: HELLO.CRC32, ...type }), 400, "BadDigest");
  refused(await complete(upload, parts, { "x-amz-mp-object-size": String(size + 1) }), 400, "InvalidRequest");
  const right = crc(Buffer.concat([FIRST, SECOND])).toString("base64");
  const headers = { [header("CRC32")]: right, "x-amz-mp-object-size": String(size), ...type };
  assert.equal(ok(await complete(upload, parts, headers)).output?.ChecksumCRC32, right);
});

test("multipart without an algorithm: any part checksum is verified and shown; the whole gets CRC64NVME", async () => {
  const upload = await begin("unannounced");
  const parts: CompletedPart[] = [];
  for (const [i, algorithm] of (["SHA256", "XXHASH3"] as const).entries()) {
    const input = {
      ...upload,
      PartNumber: i + 1,
      Body: i === 0 ? FIRST : SECOND,
      ChecksumAlgorithm: algorithm,
    };
    const put = ok(await call(s3, new UploadPartCommand(input)));
    assert.ok(put.headers[header(algorithm)]);
    parts.push({ PartNumber: i + 1, ETag: put.output?.ETag ?? "" });
  }
  const wrong = new UploadPartCommand({ ...upload, PartNumber: 3, Body: "hello" });
  refused(await call(bare, wrong, { [header("SHA1")]: HELLO.SHA1.replace(/^./, "A") }), 400, "BadDigest");
  ok(await complete(upload, parts));
  const shown = ok(await head("unannounced"));
  assert.ok(shown.headers[header("CRC64NVME")]);
  assert.equal(shown.headers["x-amz-checksum-type"], "FULL_OBJECT");
});

test("multipart: a part of another algorithm; types that an algorithm does not have", async () => {
  const upload = await begin("other-part", "SHA256");
  const part = new UploadPartCommand({ ...upload, PartNumber: 1, Body: "hello", ChecksumAlgorithm: "CRC32" });
  assert.equal((await call(s3, part)).status, 400);
  refused(await create("no-full-sha", "SHA256", "FULL_OBJECT"), 400, "InvalidRequest");
  refused(await create("no-composite", "CRC64NVME", "COMPOSITE"), 400, "InvalidRequest");
});

/** Seen on S3: localstack's recorded test test_get_object_range. */
test("a range that covers the whole object shows its checksum, another one none", async () => {
  const Key = "ranged";
  ok(await call(s3, new PutObjectCommand({ Bucket, Key, Body: "hello", ChecksumAlgorithm: "CRC32" })));
  for (const [Range, shown] of [
    ["bytes=0-100", true],
    ["bytes=0-4", true],
    ["bytes=0-", true],
    ["bytes=-15", true],
    ["bytes=0-3", false],
    ["bytes=-4", false],
    ["bytes=1-", false],
  ] as const) {
    const at = { Bucket, Key, Range, ChecksumMode: "ENABLED" as const };
    const answers = [await call(bare, new GetObjectCommand(at)), await call(bare, new HeadObjectCommand(at))];
    for (const answer of answers) {
      const got = ok(answer, 206);
      assert.equal(got.headers[header("CRC32")], shown ? HELLO.CRC32 : undefined, Range);
      assert.equal(got.headers["x-amz-checksum-type"], shown ? "FULL_OBJECT" : undefined, Range);
    }
  }
  const unasked = await call(bare, new GetObjectCommand({ Bucket, Key, Range: "bytes=0-9" }));
  assert.equal(ok(unasked, 206).headers[header("CRC32")], undefined);
});

/**
 * Seen on S3: localstack's recorded tests test_get_object_part, test_get_object_part_checksum, test_get_object_attributes
 * and test_complete_multipart_parts_checksum_full_object.
 */
test("multipart FULL_OBJECT: no part's checksum, unless the part is the whole; attributes count parts alone", async () => {
  for (const [algorithm, type] of [
    [undefined, undefined],
    ["CRC32C", "FULL_OBJECT"],
    ["CRC64NVME", undefined],
  ] as const) {
    const name = header(algorithm ?? "CRC64NVME");
    for (const bodies of [["hello"], [FIRST, SECOND]]) {
      const Key = `full-parts/${algorithm}/${bodies.length}`;
      const upload = await begin(Key, algorithm, type);
      const parts: CompletedPart[] = [];
      for (const [i, Body] of bodies.entries()) {
        const { ETag } = await bare.send(new UploadPartCommand({ ...upload, PartNumber: i + 1, Body }));
        parts.push({ PartNumber: i + 1, ETag });
      }
      ok(await complete(upload, parts));
      const at = { Bucket, Key, PartNumber: bodies.length, ChecksumMode: "ENABLED" as const };
      const answers = [
        await call(bare, new GetObjectCommand(at)),
        await call(bare, new HeadObjectCommand(at)),
      ];
      for (const answer of answers) {
        const got = ok(answer, 206);
        const whole = bodies.length === 1 ? (await head(Key)).headers[name] : undefined;
        assert.equal(got.headers[name], whole, Key);
        assert.equal(got.headers["x-amz-checksum-type"], whole === undefined ? undefined : "FULL_OBJECT");
      }
      const attributes = await s3.send(
        new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ["ObjectParts"] }),
      );
      assert.deepEqual(attributes.ObjectParts, { TotalPartsCount: bodies.length });
    }
  }
});

/** Seen on S3: localstack's recorded test test_upload_part_copy_range, test_multipart_upload_part_copy_checksum. */
test("a copied part shows the upload's checksum, and none where the upload named none", async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key: "copied", Body: "hello" }));
  for (const [algorithm, type] of [
    [undefined, undefined],
    ["CRC32", "FULL_OBJECT"],
    ["CRC32", "COMPOSITE"],
  ] as const) {
    const upload = await begin("of-copies", algorithm, type);
    const { CopyPartResult } = await s3.send(
      new UploadPartCopyCommand({ ...upload, PartNumber: 1, CopySource: `${Bucket}/copied` }),
    );
    const { ETag, LastModified, ...shown } = CopyPartResult ?? {};
    assert.ok(ETag !== undefined && LastModified !== undefined);
    assert.deepEqual(shown, algorithm === undefined ? {} : { ChecksumCRC32: HELLO.CRC32 });
  }
});

test("multipart: parts show their checksums in ListParts, attributes and reads by part number", async () => {
  const upload = await begin("shown", "SHA256");
  const parts = await putParts(upload, "SHA256");
  const listed = ok(await call(s3, new ListPartsCommand(upload)));
  assert.equal(listed.output?.ChecksumAlgorithm, "SHA256");
  assert.equal(listed.output.ChecksumType, "COMPOSITE");
  assert.deepEqual(
    listed.output.Parts?.map(({ ChecksumSHA256 }) => ChecksumSHA256),
    parts.map(({ ChecksumSHA256 }) => ChecksumSHA256),
  );
  ok(await complete(upload, parts));
  const attributes = ok(
    await call(
      s3,
      new GetObjectAttributesCommand({
        Bucket,
        Key: "shown",
        ObjectAttributes: ["Checksum", "ObjectParts", "ObjectSize"],
      }),
    ),
  ).output;
  assert.equal(attributes?.Checksum?.ChecksumType, "COMPOSITE");
  // Only here without the number of parts.
  assert.match((await head("shown")).headers[header("SHA256")] ?? "", /-2$/);
  assert.equal(`${attributes.Checksum.ChecksumSHA256}-2`, (await head("shown")).headers[header("SHA256")]);
  assert.equal(attributes.ObjectParts?.TotalPartsCount, 2);
  assert.deepEqual(
    attributes.ObjectParts.Parts?.map(({ ChecksumSHA256, Size }) => [ChecksumSHA256, Size]),
    [
      [parts[0]?.ChecksumSHA256, FIRST.length],
      [parts[1]?.ChecksumSHA256, SECOND.length],
    ],
  );
  // Seen on S3: localstack's recorded test test_list_parts_via_object_attrs_pagination.
  for (const [PartNumberMarker, numbers] of [
    ["0", [1]],
    ["1", [2]],
    ["10", []],
  ] as const) {
    const ObjectAttributes = ["ObjectParts" as const];
    const { ObjectParts } = await s3.send(
      new GetObjectAttributesCommand({
        Bucket,
        Key: "shown",
        ObjectAttributes,
        MaxParts: 1,
        PartNumberMarker,
      }),
    );
    const { Parts = [], ...page } = ObjectParts ?? {};
    assert.deepEqual(
      Parts.map(({ PartNumber }) => PartNumber),
      numbers,
    );
    assert.deepEqual(page, {
      TotalPartsCount: 2,
      PartNumberMarker,
      NextPartNumberMarker: String(numbers[0] ?? 0),
      MaxParts: 1,
      IsTruncated: PartNumberMarker === "0",
    });
  }
  const second = new GetObjectCommand({ Bucket, Key: "shown", PartNumber: 2, ChecksumMode: "ENABLED" });
  const got = ok(await call(bare, second), 206);
  assert.equal(got.headers[header("SHA256")], parts[1]?.ChecksumSHA256);
  assert.ok(got.body.equals(SECOND));
});
