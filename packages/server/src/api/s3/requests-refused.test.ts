/** Headers that S3 knows and this store refuses, and encryption headers where none belong. */
import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { exchange, type RawAnswer, TestServer } from "../test/harness.ts";

const server = await TestServer.start();
await server.makeBucket();
beforeEach(() => server.reset());
after(() => server.stop());
const REFUSED_PUTS: readonly (readonly [string, Record<string, string>, string])[] = [
  ["ACL", { "x-amz-acl": "public-read" }, "AccessControlListNotSupported"],
  ["grant", { "x-amz-grant-read": "id=x" }, "AccessControlListNotSupported"],
  ["storage class", { "x-amz-storage-class": "GLACIER" }, "InvalidStorageClass"],
  ["object lock", { "x-amz-object-lock-mode": "GOVERNANCE" }, "InvalidRequest"],
  ["append", { "x-amz-write-offset-bytes": "1" }, "NotImplemented"],
  ["unknown encryption header", { "x-amz-server-side-encryption-sparkle": "1" }, "InvalidArgument"],
  ["metadata", { "x-amz-meta-a": "x".repeat(2048) }, "MetadataTooLarge"],
  ["MD5", { "content-md5": "AAAA" }, "InvalidDigest"],
  ["MD5 characters", { "content-md5": "!!!!!!!!!!!!!!!!!!!!!!!!" }, "InvalidDigest"],
  ["checksum value", { "x-amz-checksum-crc32": "AAAA" }, "InvalidRequest"],
  [
    "two checksums",
    { "x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-crc32c": "AAAAAA==" },
    "InvalidRequest",
  ],
  ["checksum algorithm", { "x-amz-checksum-sha3": "AAAAAA==" }, "InvalidRequest"],
  ["sdk algorithm", { "x-amz-sdk-checksum-algorithm": "CRC99" }, "InvalidRequest"],
  [
    "sdk algorithm of another",
    { "x-amz-sdk-checksum-algorithm": "SHA1", "x-amz-checksum-crc32": "AAAAAA==" },
    "InvalidRequest",
  ],
  ["bad checksum", { "x-amz-checksum-crc32": "AAAAAA==" }, "BadDigest"],
  ["tags", { "x-amz-tagging": "a=1&a=2" }, "InvalidArgument"],
  ["tag escapes", { "x-amz-tagging": "a=%ZZ" }, "InvalidArgument"],
  [
    "too many tags",
    { "x-amz-tagging": Array.from({ length: 11 }, (_, i) => `k${i}=v`).join("&") },
    "BadRequest",
  ],
  ["system tag", { "x-amz-tagging": "aws:x=1" }, "InvalidTag"],
  ["if-none-match", { "if-none-match": '"abc"' }, "NotImplemented"],
  // Seen on S3: aws-cli's issue 1130.
  ["redirect", { "x-amz-website-redirect-location": "ftp://example.org/" }, "InvalidRedirectLocation"],
];

test("what is not honoured is refused", async () => {
  for (const [name, headers, code] of REFUSED_PUTS) {
    const answer = await server.send({ method: "PUT", path: "/bucket/refused", body: "x", headers });
    assert.equal(answer.element("Code"), code, `${name}: ${answer.text}`);
  }
  const ok = await server.send({
    method: "PUT",
    path: "/bucket/accepted",
    body: "x",
    headers: {
      "x-amz-acl": "bucket-owner-full-control",
      "x-amz-storage-class": "STANDARD",
      "x-amz-request-payer": "requester",
    },
  });
  assert.equal(ok.status, 200, ok.text);
});

test("the condition of an Abort, which S3 has in directory buckets, is refused and aborts nothing", async () => {
  const made = await server.send({ method: "POST", path: "/bucket/abort?uploads" });
  const path = `/bucket/abort?uploadId=${made.element("UploadId")}`;
  const headers = { "x-amz-if-match-initiated-time": "Mon, 01 Jan 2001 00:00:00 GMT" };
  const refused = await server.send({ method: "DELETE", path, headers });
  assert.equal(refused.element("Code"), "NotImplemented");
  assert.equal((await server.send({ method: "DELETE", path })).status, 204);
});

test("encryption headers on reads and parts are errors, whatever they say", async () => {
  await server.send({ method: "PUT", path: "/bucket/sse", body: "x" });
  for (const [method, path] of [
    ["GET", "/bucket/sse"],
    ["GET", "/bucket/sse?attributes"],
    ["PUT", "/bucket/sse?partNumber=1&uploadId=u"],
    ["POST", "/bucket/sse?uploadId=u"],
  ] as const) {
    for (const name of ["x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"]) {
      const headers = { [name]: "AES256", "x-amz-object-attributes": "ETag" };
      const answer = await server.send({ method, path, headers });
      assert.equal(answer.status, 400);
      assert.equal(answer.element("Message"), `${name} header is not supported for this operation.`);
      assert.equal(answer.element("ArgumentName"), name);
      assert.equal(answer.element("ArgumentValue"), "AES256");
    }
  }
  const head = await server.send({
    method: "HEAD",
    path: "/bucket/sse",
    headers: { "x-amz-server-side-encryption": "AES256" },
  });
  assert.equal(head.status, 400);
  assert.equal(head.body.length, 0);
  // A read of nothing is told so first (spec C.4).
  for (const path of ["/bucket/none", "/bucket/none?attributes"]) {
    const headers = { "x-amz-server-side-encryption": "AES256", "x-amz-object-attributes": "ETag" };
    assert.equal((await server.send({ method: "GET", path, headers })).element("Code"), "NoSuchKey");
  }
});

test("what can't be sent back is not stored", async () => {
  const bad = await presignedPut("x-amz-meta-(a)=1");
  assert.equal(bad.element("Code"), "InvalidArgument", bad.text);
  const good = await presignedPut("x-amz-meta-drink=caf%C3%A9");
  assert.equal(good.status, 200, good.text);
  const head = await server.send({ method: "HEAD", path: "/bucket/hoisted" });
  assert.equal(head.headers["x-amz-meta-drink"], "=?UTF-8?Q?caf=C3=83=C2=A9?=");
});

/** A presigned PUT with one more parameter, as SDKs hoist headers. */
async function presignedPut(parameter: string): Promise<RawAnswer> {
  const path = `/bucket/hoisted?${parameter}`;
  return exchange(server.port, { method: "PUT", path: await server.presign("PUT", path), body: "x" }, {});
}
