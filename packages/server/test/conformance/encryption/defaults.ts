/** M.1: defaults and SSE-S3. */
import assert from "node:assert/strict";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { call } from "../call.ts";
import { bare, ok, refused, S3, shows } from "../expect.ts";
import { arnOf, CMK1, SLOW } from "../world.ts";
import { postForm } from "./form.ts";
import { readRanges, Upload, uploadInParts } from "./multipart.ts";
import { etagOf, HELLO_MD5, MIB, roundTrip, row, type Row, SIZES, SSE, sse } from "./row.ts";

const NOT_SUPPORTED = { message: "header is not supported for this operation.", ArgumentName: SSE };

export const DEFAULTS: readonly Row[] = [
  row(1, "PUT without headers: AES256, ETag is the MD5", async (c) => {
    const put = await c.put();
    shows(put, S3);
    assert.equal(etagOf(put), HELLO_MD5);
  }),
  row(2, "GET and HEAD of it show AES256 and nothing else", async (c) => {
    await c.put();
    shows(await c.get(), S3);
    shows(await c.head(), S3);
  }),
  row(3, "PUT and GET with SSE AES256, by size", async (c) => {
    for (const size of SIZES) await roundTrip(c, size, sse("AES256"), (a) => shows(a, S3));
  }),
  row(4, "HEAD with SSE: 400, no body", async (c) => {
    await c.put();
    bare(await c.head(sse("AES256")), 400);
  }),
  row(5, "GET with SSE: 400; of a missing key 404", async (c) => {
    await c.put();
    refused(await c.get(sse("AES256")), 400, "InvalidArgument", {
      ...NOT_SUPPORTED,
      ArgumentValue: "AES256",
    });
    refused(await c.named("missing").get(sse("AES256")), 404, "NoSuchKey");
  }),
  row(6, "PUT with SSE aes:kms", async (c) => {
    refused(await c.put(sse("aes:kms")), 400, "InvalidArgument", {
      message: "The encryption method specified is not supported",
      ArgumentName: SSE,
      ArgumentValue: "aes:kms",
    });
  }),
  row(7, "PUT with an empty SSE", async (c) => {
    const details = { message: "The encryption method specified is not supported", ArgumentValue: "" };
    refused(await c.raw("PUT", "", { [SSE]: "" }, "hello"), 400, "InvalidArgument", details);
  }),
  row(8, "PUT with SSE aes256", async (c) => {
    refused(await c.put(sse("aes256")), 400, "InvalidArgument", { ArgumentValue: "aes256" });
  }),
  row(9, "PUT with SSE AES256 and a key id", async (c) => {
    refused(await c.put(sse("AES256", CMK1)), 400, "InvalidArgument", {
      message: "requires HTTP header x-amz-server-side-encryption : aws:kms",
    });
  }),
  row(10, "PUT with a key id only", async (c) => {
    refused(await c.put({ [`${SSE}-aws-kms-key-id`]: arnOf(CMK1) }), 400, "InvalidArgument");
  }),
  row(11, "anonymous GET of a public object over plain HTTP", async (plain) => {
    const c = await plain.apart();
    await c.put();
    await c.allow("*", "s3:GetObject");
    const got = await c.w.plainWire.send({ method: "GET", path: c.path, sign: false });
    shows(got, S3);
    assert.equal(got.text, "hello");
    refused(await c.w.plainWire.send({ method: "PUT", path: c.path, sign: false }), 403, "AccessDenied");
  }),
  row(12, "default AES256: multipart without SSE headers, whole and in ranges", async (plain) => {
    const c = await plain.apart();
    await c.byDefault({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } });
    const size = SLOW ? 30 * MIB : 11 * MIB;
    const headers = { "x-amz-meta-colour": "blue", "content-type": "text/strange" };
    const { body } = await uploadInParts(c, size, 5 * MIB, headers, (a) => shows(a, S3));
    const got = await c.get();
    shows(got, S3);
    assert.ok(got.body.equals(body));
    assert.equal(got.headers["x-amz-meta-colour"], "blue");
    assert.equal(got.headers["content-type"], "text/strange");
    assert.equal(got.headers["content-length"], String(size));
    if (SLOW) await readRanges(c, body, 1_000_000);
    await readRanges(c, body, 10_000_000);
    const range = await call(c.s3, new GetObjectCommand({ ...c.at, Range: "bytes=5242879-5242880" }));
    shows(ok(range, 206), S3);
  }),
  row(13, "default AES256: POST form without an SSE field, its condition an empty prefix", async (plain) => {
    const c = await plain.apart();
    await c.byDefault({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } });
    const conditions = [["starts-with", `$${SSE}`, ""]];
    ok(await postForm(c.w.wire, { bucket: c.bucket, fields: [["key", c.key]], conditions }), 204);
    const got = await c.get();
    shows(got, S3);
    assert.equal(got.text, "hello");
  }),
  row(14, "UploadPart with SSE", async (c) => {
    const upload = await Upload.begin(c);
    refused(await upload.part(1, "hello", sse("AES256")), 400, "InvalidArgument", NOT_SUPPORTED);
  }),
  row(15, "CompleteMultipartUpload with SSE", async (c) => {
    const upload = await Upload.begin(c);
    await upload.part(1, "hello");
    refused(await upload.complete(sse("AES256")), 400, "InvalidArgument", NOT_SUPPORTED);
    shows(await upload.complete(), S3);
  }),
];
