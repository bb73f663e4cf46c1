/**
 * What S3 takes for a promise about a body, and what for none. Seen on S3: the tests of OpenStack Swift's S3 layer (test/s3api),
 * which their authors run against S3 as well, and versitygw's issues 1165, 1188 and 1215, which quote its answers.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import type { Answer, Headers } from "./call.ts";
import { ok, refused } from "./expect.ts";
import { md5 } from "./wire.ts";
import { startWorld } from "./world.ts";

const world = await startWorld();
const { wire } = world;
const Bucket = await world.bucket();
const crcOf = (text: string): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return bytes.toString("base64");
};
const put = (key: string, headers: Headers, body = "123456789"): Promise<Answer> =>
  wire.send({ method: "PUT", path: `/${Bucket}/${key}`, body, headers });

test("base64 whose unused bits are set is no checksum, and no MD5", async () => {
  ok(await put("bits", { "x-amz-checksum-crc32": "y/Q5Jg==" }));
  refused(await put("bits", { "x-amz-checksum-crc32": "y/Q5Jh==" }), 400, "InvalidRequest", {
    message: "Value for x-amz-checksum-crc32 header is invalid.",
  });
  const sha1 = "98O8HYCOBHMq32eZZczDTKeuNEF=";
  refused(await put("bits", { "x-amz-checksum-sha1": sha1 }), 400, "InvalidRequest");
  const right = md5("123456789");
  ok(await put("bits", { "content-md5": right }));
  const bits = { A: "B", Q: "R", g: "h", w: "x" }[right.at(-3) ?? ""] ?? "";
  assert.notEqual(bits, "");
  refused(await put("bits", { "content-md5": `${right.slice(0, -3)}${bits}==` }), 400, "InvalidDigest");
});

test("an algorithm that is announced must come; MD5 comes as Content-MD5", async () => {
  const missing = {
    message:
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
  };
  const announced = { "x-amz-sdk-checksum-algorithm": "CRC32" };
  refused(await put("announced", announced), 400, "InvalidRequest", missing);
  refused(
    await put("announced", { ...announced, "content-md5": md5("123456789") }),
    400,
    "InvalidRequest",
    missing,
  );
  ok(await put("announced", { ...announced, "x-amz-checksum-crc32": "y/Q5Jg==" }));
  ok(await put("announced", { "x-amz-sdk-checksum-algorithm": "MD5", "content-md5": md5("123456789") }));
});

test("trailers: which names are taken, and how a wrong value is told", async () => {
  const trailing = (names: string, value: string, headers: Headers = {}): Promise<Answer> => {
    const body = `5\r\nhello\r\n0\r\nx-amz-checksum-crc32: ${value}\r\n`;
    const all = { "x-amz-decoded-content-length": "5", "x-amz-trailer": names, ...headers };
    const path = `/${Bucket}/trailing`;
    return wire.send({
      method: "PUT",
      path,
      body,
      headers: all,
      payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    });
  };
  const name = "x-amz-checksum-crc32";
  for (const names of [name, `${name},`, `${name},,`]) ok(await trailing(names, crcOf("hello")));
  const unsupported = { message: "The value specified in the x-amz-trailer header is not supported" };
  for (const names of [`,${name}`, `, ${name}`, `${name}, ,`, `${name}, x-amz-foo`])
    refused(await trailing(names, crcOf("hello")), 400, "InvalidRequest", unsupported);
  const single = "Expecting a single x-amz-checksum- header";
  const several = { message: `${single}. Multiple checksum Types are not allowed.` };
  refused(await trailing(`${name}, x-amz-checksum-sha256`, "x"), 400, "InvalidRequest", several);
  const both = await trailing(name, crcOf("hello"), { [name]: crcOf("hello") });
  assert.equal(both.message, single);
  refused(await trailing(name, "not-base-64"), 400, "InvalidRequest", {
    message: "Value for x-amz-checksum-crc32 trailing header is invalid.",
  });
  refused(await trailing(name, crcOf("jello")), 400, "BadDigest");
});

const between = (answer: Answer, name: string): string => answer.element(name) ?? "";
async function upload(key: string, headers: Headers = {}): Promise<{ path: string; etag: string }> {
  const begun = ok(await wire.send({ method: "POST", path: `/${Bucket}/${key}?uploads`, headers }));
  const uploadId = between(begun, "UploadId");
  const path = `/${Bucket}/${key}?uploadId=${uploadId}`;
  const part = await wire.send({ method: "PUT", path: `${path}&partNumber=1`, body: "part" });
  return { path, etag: ok(part).headers["etag"] ?? "" };
}
const list = (etag: string, more = "", partNumber = "1"): string =>
  `<CompleteMultipartUpload><Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag>${more}</Part></CompleteMultipartUpload>`;

test("Complete of an upload without an algorithm passes over the checksum of its own body, but not its MD5", async () => {
  const { path, etag } = await upload("of-body");
  const body = list(etag);
  const complete = (headers: Headers): Promise<Answer> => wire.send({ method: "POST", path, body, headers });
  refused(await complete({ "content-md5": md5("other") }), 400, "BadDigest", {
    ExpectedDigest: md5("other"),
  });
  const headers = { "content-md5": md5(body), "x-amz-checksum-crc32": crcOf("not the body") };
  assert.ok(ok(await complete(headers)).element("ChecksumCRC64NVME"));
});

test("Complete: what its list and its headers may say", async () => {
  const { path, etag } = await upload("listed", {
    "x-amz-checksum-algorithm": "crc32",
    "x-amz-checksum-type": "Full_Object",
  });
  const complete = (body: string, headers: Headers = {}): Promise<Answer> =>
    wire.send({ method: "POST", path, body, headers });
  for (const [more, value] of [
    ["<ChecksumCRC32>bad</ChecksumCRC32>", "CRC32:bad;"],
    ["<ChecksumCRC32>y/Q5Jg==</ChecksumCRC32><ChecksumSHA1>x</ChecksumSHA1>", "CRC32:y/Q5Jg==;SHA1:x;"],
  ] as const) {
    refused(await complete(list(etag, more)), 400, "InvalidArgument", {
      message: "Invalid Base64 or multiple checksums present in request",
      ArgumentName: "Checksum",
      ArgumentValue: value,
    });
  }
  const size = "x-amz-mp-object-size";
  refused(await complete(list(etag), { [size]: "-1" }), 400, "InvalidRequest", {
    message: `Value for ${size} header is less than zero: '-1'`,
  });
  refused(await complete(list(etag), { [size]: "x" }), 400, "InvalidRequest", {
    message: `Value for ${size} header is invalid.`,
  });
  const type = "x-amz-checksum-type";
  const invalid = { message: `Value for ${type} header is invalid.` };
  refused(await complete(list(etag), { [type]: "HALF" }), 400, "InvalidRequest", invalid);
  ok(await complete(list(etag), { [type]: "full_object" }));
});
