/** M.7: bucket policies on encryption. What a request did not carry is absent, whatever the default will do. */
import { call } from "../call.ts";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { kms, ok, refused, S3, shows, ssec } from "../expect.ts";
import { arnOf, CMK1, CMK2 } from "../world.ts";
import { Upload } from "./multipart.ts";
import { c3, type Case, K1, pattern, MIB, row, type Row, sse, triple } from "./row.ts";

const MODE = "s3:x-amz-server-side-encryption";
const CUSTOMER = "s3:x-amz-server-side-encryption-customer-algorithm";
const absent = (key: string) => ({ Null: { [key]: "true" } });
const present = (key: string) => ({ Null: { [key]: "false" } });
const not = (key: string, value: string) => ({ StringNotEquals: { [key]: value } });

const denied = async (answer: ReturnType<Case["put"]>): Promise<void> =>
  refused(await answer, 403, "AccessDenied");

export const POLICIES: readonly Row[] = [
  row(111, "SSE header required", async (shared) => {
    const c = await shared.apart();
    await c.denyPut(absent(MODE));
    await denied(c.put());
    shows(await c.put(sse("AES256")), S3);
  }),
  row(112, "the bucket's default does not stand in for the header", async (shared) => {
    const c = await shared.apart();
    await c.denyPut(absent(MODE));
    await c.byDefault({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } });
    await denied(c.put());
  }),
  row(113, "AES256 required: AES192 is denied before it is judged", async (shared) => {
    const c = await shared.apart();
    await c.denyPut(not(MODE, "AES256"));
    await denied(c.put(sse("AES192")));
    shows(await c.put(sse("AES256")), S3);
  }),
  row(114, "AES256 required: a request without the header is denied", async (shared) => {
    const c = await shared.apart();
    await c.denyPut(not(MODE, "AES256"));
    await denied(c.put());
  }),
  row(115, "AES256 required, header required: PUT aws:kms", async (shared) => {
    const c = await shared.apart();
    await c.denyPut(not(MODE, "AES256"), absent(MODE));
    await denied(c.put(sse("aws:kms")));
  }),
  row(116, "aws:kms required, header required", async (shared) => {
    const c = await shared.apart();
    await c.denyPut(not(MODE, "aws:kms"), absent(MODE));
    shows(await c.put(sse("aws:kms", CMK1)), kms(arnOf(CMK1)));
    await denied(c.put());
    await denied(c.put(sse("AES256")));
  }),
  row(117, "customer's key required", async (shared) => {
    const c = await shared.apart();
    await c.denyPut(absent(CUSTOMER));
    await denied(c.put());
    shows(await c.put(c3(K1)), ssec(K1.md5));
  }),
  row(118, "customer algorithm AES256 required: AES192 alone is denied", async (shared) => {
    const c = await shared.apart();
    await c.denyPut(not(CUSTOMER, "AES256"));
    refused(await c.raw("PUT", "", triple({ ca: "AES192" }), "hello"), 403, "AccessDenied");
    shows(await c.put(c3(K1)), ssec(K1.md5));
  }),
  row(119, "customer's key forbidden", async (shared) => {
    const c = await shared.apart();
    await c.denyPut(present(CUSTOMER));
    await denied(c.put(c3(K1)));
    shows(await c.put(), S3);
  }),
  row(120, "one KMS key required", async (shared) => {
    const c = await shared.apart();
    await c.denyPut(not("s3:x-amz-server-side-encryption-aws-kms-key-id", arnOf(CMK1)));
    await denied(c.put(sse("aws:kms", arnOf(CMK2))));
    shows(await c.put(sse("aws:kms", arnOf(CMK1))), kms(arnOf(CMK1)));
    // The same key under its bare id.
    shows(await c.put(sse("aws:kms", CMK1)), kms(arnOf(CMK1)));
  }),
  row(121, "TLS required: GET over plain HTTP", async (shared) => {
    const c = await shared.apart();
    await c.put();
    await c.policy({
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: [`arn:aws:s3:::${c.bucket}`, `arn:aws:s3:::${c.bucket}/*`],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    });
    refused(await c.as(c.w.plain).get(), 403, "AccessDenied");
    ok(await call(c.s3, new GetObjectCommand(c.at)));
  }),
  row(122, "header required: multipart created with AES256", async (shared) => {
    const c = await shared.apart();
    await c.denyPut(absent(MODE));
    refused(await c.create(), 403, "AccessDenied");
    const upload = await Upload.begin(c, sse("AES256"));
    shows(await upload.part(1, pattern(5 * MIB)), S3);
    shows(await upload.part(2, "hello"), S3);
    shows(await upload.complete(), S3);
  }),
];
