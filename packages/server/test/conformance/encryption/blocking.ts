/** M.5: blocked encryption types, on a store whose new buckets block SSE-C. */
import assert from "node:assert/strict";
import { GetBucketEncryptionCommand } from "@aws-sdk/client-s3";
import { call } from "../call.ts";
import { ok, refused, S3, shows, ssec } from "../expect.ts";
import { postForm } from "./form.ts";
import { Upload } from "./multipart.ts";
import { blockingRow, c3, type Case, K1, type Row, src3 } from "./row.ts";

const BLOCKED = { message: "has blocked upload requests that specify Server Side Encryption with Customer" };
const SHOWN = ssec(K1.md5);

/** A bucket where SSE-C was allowed while an object was put with K1, and is blocked again. */
async function withObject(plain: Case): Promise<Case> {
  const c = await plain.apart();
  await c.block("NONE");
  shows(await c.put(c3(K1)), SHOWN);
  await c.block("SSE-C");
  return c;
}

export const BLOCKING: readonly Row[] = [
  blockingRow(92, "a new bucket: PUT with K1", async (plain) => {
    const c = await plain.apart();
    refused(await c.put(c3(K1)), 403, "AccessDenied", BLOCKED);
    refused(await c.put(c3(K1)), 403, "AccessDenied", {
      message: `is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::${c.bucket}/${c.key}"`,
    });
  }),
  blockingRow(93, "unblocked: PUT with K1", async (plain) => {
    const c = await plain.apart();
    await c.block("NONE");
    shows(await c.put(c3(K1)), SHOWN);
  }),
  blockingRow(94, "stored, then blocked: GET with K1, plain PUT", async (plain) => {
    const c = await withObject(plain);
    shows(await c.get(c3(K1)), SHOWN);
    shows(await c.named("plain").put(), S3);
  }),
  blockingRow(95, "blocked: copy, create and POST with a customer's key", async (plain) => {
    const c = await plain.apart();
    await c.named("source").put();
    refused(await c.copyFrom(c.named("source"), c3(K1)), 403, "AccessDenied", BLOCKED);
    refused(await c.create(c3(K1)), 403, "AccessDenied", BLOCKED);
    const fields = Object.entries(c3(K1));
    const posted = await postForm(c.w.wire, {
      bucket: c.bucket,
      fields: [["key", c.key], ...fields],
      conditions: fields.map(([name]) => ["starts-with", `$${name}`, ""]),
    });
    refused(posted, 403, "AccessDenied", BLOCKED);
  }),
  blockingRow(96, "an upload begun before the block: part, Complete, Abort", async (plain) => {
    const c = await plain.apart();
    await c.block("NONE");
    const upload = await Upload.begin(c, c3(K1));
    ok(await upload.part(1, "hello", c3(K1)));
    await c.block("SSE-C");
    refused(await upload.part(2, "hello", c3(K1)), 403, "AccessDenied", BLOCKED);
    refused(await upload.complete(c3(K1)), 403, "AccessDenied", BLOCKED);
    ok(await upload.abort(), 204);
  }),
  blockingRow(97, "blocked: a PUT of AES256 without the element leaves the block", async (plain) => {
    const c = await plain.apart();
    await c.byDefault({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } });
    const got = ok(await call(c.s3, new GetBucketEncryptionCommand({ Bucket: c.bucket })));
    const rules = got.output?.ServerSideEncryptionConfiguration?.Rules;
    assert.deepEqual(rules?.[0]?.BlockedEncryptionTypes, { EncryptionType: ["SSE-C"] });
  }),
  blockingRow(98, "blocked: a copy from an SSE-C object to SSE-S3", async (plain) => {
    const c = await withObject(plain);
    const copy = c.named("copy");
    shows(await copy.copyFrom(c, src3(K1)), S3);
    assert.equal((await copy.get()).text, "hello");
  }),
];
