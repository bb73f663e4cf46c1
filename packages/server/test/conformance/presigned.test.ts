/** Presigned URLs: reads and writes, encryption in headers and in the query, what is not signed, what has expired. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { Headers } from "./call.ts";
import { kms, ok, refused, S3, shows, ssec } from "./expect.ts";
import { c3, K1, SSE, sse } from "./encryption/row.ts";
import { ACCOUNT, arnOf, CMK1, OTHER_ACCOUNT, startWorld } from "./world.ts";

const world = await startWorld();
const { wire } = world;
const Bucket = await world.bucket();
const path = (key: string): string => `/${Bucket}/${key}`;
const send = (method: string, target: string, headers: Headers = {}, body?: string) =>
  wire.send({ method, path: target, headers, sign: false, ...(body === undefined ? {} : { body }) });
const targetOf = (url: string): string => url.slice(url.indexOf("/", "https://".length));

test("PUT, then GET; response headers of the URL's choice", async () => {
  shows(await send("PUT", wire.presign("PUT", path("a%20b/%C3%BC%25"), {}), {}, "hello"), S3);
  const query = {
    "response-content-type": "text/x",
    "response-content-disposition": 'attachment; filename="a"',
  };
  const got = ok(await send("GET", wire.presign("GET", path("a%20b/%C3%BC%25"), { query })));
  assert.equal(got.text, "hello");
  assert.equal(got.headers["content-type"], "text/x");
  assert.equal(got.headers["content-disposition"], 'attachment; filename="a"');
});

test("as the SDK presigns them", async () => {
  const put = await getSignedUrl(world.s3, new PutObjectCommand({ Bucket, Key: "sdk" }));
  ok(await send("PUT", targetOf(put), {}, "hello"));
  const get = await getSignedUrl(world.s3, new GetObjectCommand({ Bucket, Key: "sdk" }));
  assert.equal(ok(await send("GET", targetOf(get))).text, "hello");
  // This SDK leaves the mode among the signed headers; others move it into the query.
  const encrypted = await getSignedUrl(
    world.s3,
    new PutObjectCommand({
      Bucket,
      Key: "sdk",
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: arnOf(CMK1),
    }),
  );
  const headers = sse("aws:kms", arnOf(CMK1));
  shows(await send("PUT", targetOf(encrypted), headers, "hello"), kms(arnOf(CMK1)));
});

test("what a presigner moves into the query counts as the header that it was", async () => {
  ok(await send("PUT", wire.presign("PUT", path("source")), {}, "hello"));
  const query = { "x-amz-copy-source": `${Bucket}/source` };
  const copied = ok(await send("PUT", wire.presign("PUT", path("copied"), { query })));
  assert.ok(copied.element("ETag") !== undefined, copied.text);
  assert.equal(ok(await send("GET", wire.presign("GET", path("copied")))).text, "hello");
  const byTheSdk = await getSignedUrl(
    world.s3,
    new CopyObjectCommand({ Bucket, Key: "copied2", CopySource: `${Bucket}/source` }),
  );
  ok(await send("PUT", targetOf(byTheSdk)));
  assert.equal(ok(await send("GET", wire.presign("GET", path("copied2")))).text, "hello");
  for (const name of ["x-amz-expected-bucket-owner", "X-Amz-Expected-Bucket-Owner"]) {
    const guarded = (owner: string) => wire.presign("GET", path("source"), { query: { [name]: owner } });
    ok(await send("GET", guarded(ACCOUNT)));
    refused(await send("GET", guarded(OTHER_ACCOUNT)), 403, "AccessDenied");
  }
});

const ETAG = '"5d41402abc4b2a76b9719d911017c592"';
const OTHER = '"00000000000000000000000000000000"';
const hello = async (key: string) => ok(await send("PUT", wire.presign("PUT", path(key)), {}, "hello"));
const read = async (key: string) => (await send("GET", wire.presign("GET", path(key)))).text;

/** Seen on S3: localstack's recorded tests test_pre_signed_url_if_none_match and test_pre_signed_url_if_match. */
test("If-None-Match and If-Match in the query count as the headers that they were", async () => {
  for (const name of ["If-None-Match", "if-none-match", "IF-NONE-MATCH"]) {
    const once = wire.presign("PUT", path(name), { query: { [name]: "*" } });
    ok(await send("PUT", once, {}, "first"));
    refused(await send("PUT", once, {}, "second"), 412, "PreconditionFailed", { Condition: "If-None-Match" });
    assert.equal(await read(name), "first");
  }
  await hello("match");
  const replace = (etag: string) => wire.presign("PUT", path("match"), { query: { "If-Match": etag } });
  refused(await send("PUT", replace(OTHER), {}, "second"), 412, "PreconditionFailed");
  assert.equal(await read("match"), "hello");
  ok(await send("PUT", replace(ETAG), {}, "second"));
  refused(await send("PUT", replace(ETAG), {}, "third"), 412, "PreconditionFailed");
  for (const query of [{ "If-None-Match": OTHER }, { "If-Match": " * " }, { "If-None-Match": "" }])
    refused(await send("PUT", wire.presign("PUT", path("match"), { query }), {}, "x"), 501, "NotImplemented");
  assert.equal(await read("match"), "second");
});

test("a condition in the query beside one in a header, and one given twice", async () => {
  const once = (key: string, more = {}) =>
    wire.presign("PUT", path(key), { query: { "If-None-Match": "*", ...more } });
  ok(await send("PUT", once("repeated"), { "If-None-Match": "*" }, "first"));
  refused(await send("PUT", once("repeated"), { "If-None-Match": "*" }, "second"), 412, "PreconditionFailed");
  refused(await send("PUT", once("beside"), { "If-None-Match": OTHER }, "x"), 400, "InvalidRequest");
  const twice = once("beside", { "if-none-match": OTHER });
  refused(await send("PUT", twice, {}, "x"), 400, "AuthorizationQueryParametersError");
  const added = `${wire.presign("PUT", path("beside"))}&If-None-Match=%2A`;
  refused(await send("PUT", added, {}, "x"), 403, "SignatureDoesNotMatch");
  refused(await send("GET", wire.presign("GET", path("beside"))), 404, "NoSuchKey");
});

test("a condition in the query of every request that takes one", async () => {
  for (const key of ["source", "taken"]) await hello(key);
  const none = { "If-None-Match": "*" };
  const copy = { ...none, "x-amz-copy-source": `${Bucket}/source` };
  refused(await send("PUT", wire.presign("PUT", path("taken"), { query: copy })), 412, "PreconditionFailed");
  ok(await send("PUT", wire.presign("PUT", path("fresh"), { query: copy })));

  const at = { Bucket, Key: "taken" };
  const { UploadId = "" } = await world.s3.send(new CreateMultipartUploadCommand(at));
  const part = await world.s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: "x" }));
  const list = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.ETag}</ETag></Part></CompleteMultipartUpload>`;
  const complete = (query: Headers) =>
    send("POST", wire.presign("POST", path("taken"), { query: { uploadId: UploadId, ...query } }), {}, list);
  refused(await complete(none), 412, "PreconditionFailed");
  refused(await complete({ "If-Match": OTHER }), 412, "PreconditionFailed");
  ok(await complete({ "If-Match": ETAG }));

  const remove = (etag: string) =>
    send("DELETE", wire.presign("DELETE", path("fresh"), { query: { "If-Match": etag } }));
  refused(await remove(OTHER), 412, "PreconditionFailed");
  for (const [query, status] of [
    [{ "If-Match": OTHER }, 412],
    [{ "If-Match": ETAG }, 200],
    [{ "If-None-Match": ETAG }, 304],
    [{ "If-None-Match": OTHER }, 200],
  ] as const)
    for (const method of ["GET", "HEAD"])
      assert.equal((await send(method, wire.presign(method, path("fresh"), { query }))).status, status);
  ok(await remove(ETAG), 204);
});

test("conditions as the SDK presigns them: headers that the URL's user must send", async () => {
  const command = new PutObjectCommand({ Bucket, Key: "sdk-once", IfNoneMatch: "*" });
  const target = targetOf(await getSignedUrl(world.s3, command));
  refused(await send("PUT", target, {}, "x"), 403, "SignatureDoesNotMatch");
  ok(await send("PUT", target, { "If-None-Match": "*" }, "first"));
  refused(await send("PUT", target, { "If-None-Match": "*" }, "second"), 412, "PreconditionFailed");
  const replace = new PutObjectCommand({ Bucket, Key: "sdk-once", IfMatch: OTHER });
  const replacing = targetOf(await getSignedUrl(world.s3, replace));
  refused(await send("PUT", replacing, { "If-Match": OTHER }, "x"), 412, "PreconditionFailed");
  assert.equal(await read("sdk-once"), "first");
});

test("SSE as a signed header, as a parameter, and as both with the same value", async () => {
  const signed = sse("aws:kms", arnOf(CMK1));
  const target = wire.presign("PUT", path("sse"), { signed });
  shows(await send("PUT", target, signed, "hello"), kms(arnOf(CMK1)));
  refused(await send("PUT", target, {}, "hello"), 403, "SignatureDoesNotMatch");
  refused(await send("PUT", target, sse("AES256"), "hello"), 403, "SignatureDoesNotMatch");
  const query = sse("aws:kms", arnOf(CMK1));
  const inQuery = wire.presign("PUT", path("sse"), { query });
  shows(await send("PUT", inQuery, {}, "hello"), kms(arnOf(CMK1)));
  // Repeated as a header, with the same value only.
  shows(await send("PUT", inQuery, sse("aws:kms"), "hello"), kms(arnOf(CMK1)));
  assert.notEqual((await send("PUT", inQuery, sse("AES256"), "hello")).status, 200);
});

test("an encryption header that is not signed", async () => {
  const target = wire.presign("PUT", path("unsigned"));
  for (const headers of [sse("AES256"), c3(K1), { "x-amz-meta-a": "b" }]) {
    const answer = await send("PUT", target, headers, "hello");
    refused(answer, 403, "AccessDenied", {
      message: "There were headers present in the request which were not signed",
    });
    const names = (answer.element("HeadersNotSigned") ?? "").split(", ").toSorted();
    assert.deepEqual(names, Object.keys(headers).toSorted());
  }
  refused(await send("GET", target.replace("unsigned?", "none?")), 403, "SignatureDoesNotMatch");
});

test("a customer's key: signed headers on PUT and GET", async () => {
  const signed = c3(K1);
  shows(await send("PUT", wire.presign("PUT", path("c"), { signed }), signed, "hello"), ssec(K1.md5));
  const got = await send("GET", wire.presign("GET", path("c"), { signed }), signed);
  shows(got, ssec(K1.md5));
  assert.equal(got.text, "hello");
});

test("a context in the query is ignored, as on AWS", async () => {
  const query = { ...sse("aws:kms", arnOf(CMK1)), [`${SSE}-context`]: "eyJkZXB0IjoiZmluIn0=" };
  shows(await send("PUT", wire.presign("PUT", path("ctx"), { query }), {}, "hello"), kms(arnOf(CMK1)));
  assert.equal(ok(await send("GET", wire.presign("GET", path("ctx")))).text, "hello");
});

test("expired, not yet valid, too long, tampered with, for another method or key", async () => {
  ok(await send("PUT", wire.presign("PUT", path("t")), {}, "hello"));
  const hourAgo = new Date(Date.now() - 3600_000);
  const expired = wire.presign("GET", path("t"), { at: hourAgo, expiresSeconds: 60 });
  refused(await send("GET", expired), 403, "AccessDenied", { message: "Request has expired" });
  const future = wire.presign("GET", path("t"), { at: new Date(Date.now() + 3600_000) });
  refused(await send("GET", future), 403, "AccessDenied", { message: "Request is not valid yet" });
  const long = wire.presign("GET", path("t"), { expiresSeconds: 604_801 });
  refused(await send("GET", long), 400, "AuthorizationQueryParametersError");
  ok(await send("GET", wire.presign("GET", path("t"), { expiresSeconds: 604_800 })));
  const good = wire.presign("GET", path("t"));
  ok(await send("GET", good));
  refused(await send("GET", good.replace(/Expires=300/, "Expires=3000")), 403, "SignatureDoesNotMatch");
  refused(await send("GET", `${good}&versionId=null`), 403, "SignatureDoesNotMatch");
  refused(await send("DELETE", good), 403, "SignatureDoesNotMatch");
  const bad = await send("GET", good.replace(/Signature=../, "Signature=zz"));
  refused(bad, 403, "SignatureDoesNotMatch");
});

test("two kinds of credentials at once", async () => {
  const target = wire.presign("GET", path("t"));
  refused(await wire.send({ method: "GET", path: target }), 400, "InvalidArgument");
});
