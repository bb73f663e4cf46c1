/** M.6: copies. */
import assert from "node:assert/strict";
import type { Headers } from "../call.ts";
import { encryptionOf, kms, ok, refused, S3, shows, ssec } from "../expect.ts";
import { arnOf, CMK1, CMK2, OTHER_ACCOUNT } from "../world.ts";
import { Upload } from "./multipart.ts";
import {
  c3,
  type Case,
  etagOf,
  HELLO_MD5,
  K1,
  K2,
  pattern,
  row,
  type Row,
  SIZES,
  src3,
  srcTriple,
  sse,
} from "./row.ts";

interface Mode {
  readonly name: string;
  readonly write: Headers;
  readonly read: Headers;
  /** As a copy's source. */
  readonly source: Headers;
  readonly shown: Headers;
}
const plain = (name: string, write: Headers, shown: Headers): Mode => ({
  name,
  write,
  read: {},
  source: {},
  shown,
});
const SOURCES: readonly Mode[] = [
  plain("none", {}, S3),
  plain("s3", sse("AES256"), S3),
  { name: "c", write: c3(K1), read: c3(K1), source: src3(K1), shown: ssec(K1.md5) },
  plain("kms", sse("aws:kms", CMK1), kms(arnOf(CMK1))),
];
const DESTINATIONS: readonly Mode[] = [
  plain("none", {}, S3),
  plain("s3", sse("AES256"), S3),
  { name: "c", write: c3(K2), read: c3(K2), source: {}, shown: ssec(K2.md5) },
  plain("kms", sse("aws:kms", CMK2), kms(arnOf(CMK2))),
];

async function copyPair(c: Case, from: Mode, to: Mode, size: number): Promise<void> {
  const copy = c.named(`${from.name}-${to.name}-${size}`);
  shows(await copy.copyFrom(c.named(`${from.name}-${size}`), { ...from.source, ...to.write }), to.shown);
  const got = await copy.get(to.read);
  shows(got, to.shown);
  assert.ok(got.body.equals(pattern(size)), `${from.name} to ${to.name}, ${size} bytes`);
}

const ILLEGAL = {
  message:
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata",
};

export const COPIES: readonly Row[] = [
  row(99, "every source mode to every destination mode, by size", async (shared) => {
    const c = await shared.apart();
    for (const size of SIZES) {
      for (const from of SOURCES) ok(await c.named(`${from.name}-${size}`).put(from.write, pattern(size)));
      for (const from of SOURCES) {
        await Promise.all(DESTINATIONS.map((to) => copyPair(c, from, to, size)));
      }
    }
  }),
  row(100, "a KMS source without headers becomes SSE-S3 with an MD5 ETag", async (c) => {
    await c.put(sse("aws:kms", CMK1));
    const copy = c.named("row100-copy");
    shows(await copy.copyFrom(c), S3);
    assert.equal(etagOf(await copy.head()), HELLO_MD5);
  }),
  row(101, "an SSE-C source without its key", async (c) => {
    await c.put(c3(K1));
    const details = { message: "The object was stored using a form of Server Side Encryption." };
    refused(await c.named("copy").copyFrom(c), 400, "InvalidRequest", details);
    refused(await c.named("copy").copyFrom(c, c3(K1)), 400, "InvalidRequest", details);
    refused(await c.named("copy").copyFrom(c, src3(K2)), 403, "AccessDenied");
  }),
  row(102, "a source algorithm KMS", async (c) => {
    await c.put(c3(K1));
    const headers = srcTriple({ ca: "KMS", ck: K1.key, cm: K1.md5 });
    refused(await c.named("copy").copyFrom(c, headers), 400, "InvalidEncryptionAlgorithmError", {
      ArgumentName: "x-amz-server-side-encryption",
      ArgumentValue: "KMS",
    });
  }),
  row(103, "a source key without its algorithm", async (c) => {
    await c.put(c3(K1));
    const headers = { "x-amz-copy-source": `${c.bucket}/${c.key}`, ...srcTriple({ ck: K1.key, cm: K1.md5 }) };
    refused(await c.named("copy").raw("PUT", "", headers), 400, "InvalidArgument");
  }),
  row(104, "a destination with a customer's key and SSE", async (c) => {
    await c.put();
    const answer = await c.named("copy").copyFrom(c, { ...c3(K1), ...sse("AES256") });
    refused(answer, 400, "InvalidArgument", { message: "incompatible" });
  }),
  row(105, "a copy onto itself that changes nothing, in a bucket without a default", async (shared) => {
    const c = await shared.apart();
    await c.put();
    refused(await c.copyFrom(c), 400, "InvalidRequest", ILLEGAL);
  }),
  row(106, "the same in a bucket with an explicit AES256 default", async (shared) => {
    const c = await shared.apart();
    await c.put();
    await c.byDefault({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } });
    shows(await c.copyFrom(c), S3);
  }),
  row(107, "the same with SSE AES256 on an AES256 object", async (shared) => {
    const c = await shared.apart();
    await c.put();
    shows(await c.copyFrom(c, sse("AES256")), S3);
    assert.equal((await c.get()).text, "hello");
  }),
  row(108, "a KMS object onto itself with SSE aws:kms: aws/s3 and a new ETag", async (shared) => {
    const c = await shared.apart();
    const put = await c.put(sse("aws:kms", CMK1));
    const copied = ok(await c.copyFrom(c, sse("aws:kms")));
    assert.equal(encryptionOf(copied)[""], "aws:kms");
    assert.notEqual(encryptionOf(copied)["-aws-kms-key-id"], arnOf(CMK1));
    const got = await c.get();
    assert.notEqual(etagOf(got), etagOf(put));
    assert.equal(got.text, "hello");
  }),
  row(109, "UploadPartCopy into an SSE-C upload: no key, the source's, its own", async (c) => {
    const source = c.named("row109-source");
    await source.put(c3(K1), pattern(1000));
    const upload = await Upload.begin(c, c3(K2));
    assert.equal((await upload.partCopy(1, source, src3(K1))).status, 400);
    assert.equal((await upload.partCopy(1, source, { ...src3(K1), ...c3(K1) })).status, 400);
    shows(await upload.partCopy(1, source, { ...src3(K1), ...c3(K2) }), ssec(K2.md5));
    ok(await upload.complete(c3(K2)));
    assert.ok((await c.get(c3(K2))).body.equals(pattern(1000)));
  }),
  row(110, "a KMS source and a caller without kms:Decrypt", async (shared) => {
    const c = await shared.apart();
    await c.allow(OTHER_ACCOUNT, "s3:GetObject", "s3:GetObjectTagging", "s3:PutObject");
    await c.put(sse("aws:kms", CMK1));
    await c.named("plain").put();
    const other = c.named("copy").as(c.w.other);
    ok(await other.copyFrom(c.named("plain")));
    refused(await other.copyFrom(c), 403, "AccessDenied");
  }),
];
