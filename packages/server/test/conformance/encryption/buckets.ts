/** M.2: the bucket's encryption configuration. */
import assert from "node:assert/strict";
import { DeleteBucketEncryptionCommand, GetBucketEncryptionCommand } from "@aws-sdk/client-s3";
import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import { call } from "../call.ts";
import { encryptionOf, kms, ok, refused, S3, shows } from "../expect.ts";
import { arnOf, CMK1, CMK2 } from "../world.ts";
import { md5 } from "../wire.ts";
import { postForm } from "./form.ts";
import {
  blockingRow,
  bucketKey,
  type Case,
  etagOf,
  HELLO_MD5,
  MIB,
  pattern,
  roundTrip,
  row,
  type Row,
  SIZES,
  SSE,
  sse,
} from "./row.ts";

const configuration = async (c: Case) => {
  const got = ok(await call(c.s3, new GetBucketEncryptionCommand({ Bucket: c.bucket })));
  return got.output?.ServerSideEncryptionConfiguration?.Rules;
};
const remove = (c: Case) => call(c.s3, new DeleteBucketEncryptionCommand({ Bucket: c.bucket }));
const rule = (inner: string): string => `<Rule>${inner}</Rule>`;
const algorithm = (name: string, keyId = ""): string =>
  `<ApplyServerSideEncryptionByDefault><SSEAlgorithm>${name}</SSEAlgorithm>${keyId}</ApplyServerSideEncryptionByDefault>`;

/** Documents that the SDK would not write. */
export function putRaw(c: Case, rules: string, bucket = c.bucket) {
  const body = `<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rules}</ServerSideEncryptionConfiguration>`;
  const headers = { "content-md5": md5(body) };
  return c.w.wire.send({ method: "PUT", path: `/${bucket}?encryption`, headers, body });
}

const NEW_AND_BLOCKED = [
  {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
    BucketKeyEnabled: false,
    BlockedEncryptionTypes: { EncryptionType: ["SSE-C"] },
  },
];

export const BUCKETS: readonly Row[] = [
  blockingRow(16, "a new bucket: AES256, no bucket key, SSE-C blocked", async (plain) => {
    assert.deepEqual(await configuration(await plain.apart()), NEW_AND_BLOCKED);
  }),
  row(17, "PUT an AES256 rule; GET", async (plain) => {
    const c = await plain.apart();
    await c.byDefault({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } });
    assert.deepEqual(await configuration(c), [
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false },
    ]);
  }),
  row(18, "PUT aws:kms with a key; GET shows both exactly as sent", async (plain) => {
    const c = await plain.apart();
    for (const KMSMasterKeyID of [CMK1, arnOf(CMK1), "alias/whatever"]) {
      await c.byDefaultKms(KMSMasterKeyID);
      assert.deepEqual((await configuration(c))?.[0]?.ApplyServerSideEncryptionByDefault, {
        SSEAlgorithm: "aws:kms",
        KMSMasterKeyID,
      });
    }
  }),
  blockingRow(19, "DELETE twice; GET shows the state of a new bucket", async (plain) => {
    const c = await plain.apart();
    await c.byDefaultKms(CMK1);
    ok(await remove(c), 204);
    ok(await remove(c), 204);
    assert.deepEqual(await configuration(c), NEW_AND_BLOCKED);
  }),
  row(20, "PUT with no rule, with two rules", async (c) => {
    const message =
      "The XML you provided was not well-formed or did not validate against our published schema";
    refused(await putRaw(c, ""), 400, "MalformedXML", { message });
    const two = rule(algorithm("AES256")) + rule(algorithm("AES256"));
    refused(await putRaw(c, two), 400, "MalformedXML", { message });
  }),
  row(21, "PUT with the algorithm SSE-KMS", async (c) => {
    refused(await putRaw(c, rule(algorithm("SSE-KMS"))), 400, "MalformedXML");
  }),
  row(22, "PUT AES256 with a key", async (c) => {
    const key = `<KMSMasterKeyID>${CMK1}</KMSMasterKeyID>`;
    refused(await putRaw(c, rule(algorithm("AES256", key))), 400, "InvalidArgument", {
      message:
        "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
      ArgumentName: "ApplyServerSideEncryptionByDefault",
    });
  }),
  row(23, "all three on a missing bucket, even with a bad body", async (c) => {
    refused(await putRaw(c, "", "no-such-bucket"), 404, "NoSuchBucket");
    for (const method of ["GET", "DELETE"]) {
      const answer = await c.w.wire.send({ method, path: "/no-such-bucket?encryption" });
      refused(answer, 404, "NoSuchBucket");
    }
  }),
  row(24, "a default key that is not there is found out by the first write", async (plain) => {
    const c = await plain.apart();
    await c.byDefaultKms("nope");
    refused(await c.put(), 400, "KMS.NotFoundException", { message: "Invalid keyId 'nope'" });
  }),
  row(25, "AES256 with a bucket key: objects show none", async (plain) => {
    const c = await plain.apart();
    await c.byDefault({
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
      BucketKeyEnabled: true,
    });
    shows(await c.put(), S3);
    shows(await c.head(), S3);
  }),
  row(26, "a new default leaves stored objects as they are", async (plain) => {
    const c = await plain.apart();
    await c.put();
    await c.byDefaultKms(CMK1, true);
    const old = await c.get();
    shows(old, S3);
    assert.equal(etagOf(old), HELLO_MD5);
    const later = c.named("p");
    shows(await later.put(), kms(arnOf(CMK1), true));
    shows(await later.get(), kms(arnOf(CMK1), true));
  }),
  row(27, "bucket key on, then off: no header", async (plain) => {
    const c = await plain.apart();
    await c.byDefaultKms(CMK1, true);
    await c.byDefaultKms(CMK1, false);
    shows(await c.put(), kms(arnOf(CMK1)));
  }),
  row(28, "aws:kms without a key means aws/s3, which AWS manages", async (plain) => {
    const c = await plain.apart();
    await c.byDefaultKms(undefined, true);
    const put = ok(await c.put());
    const { KeyMetadata } = await c.w.kms.send(new DescribeKeyCommand({ KeyId: "alias/aws/s3" }));
    shows(put, kms(KeyMetadata?.Arn ?? "", true));
    assert.equal(KeyMetadata?.KeyManager, "AWS");
    assert.equal(
      KeyMetadata.Description,
      "Default key that protects my S3 objects when no other key is defined",
    );
  }),
  row(29, "default CMK1: PUT and GET by size", async (plain) => {
    const c = await plain.apart();
    await c.byDefaultKms(CMK1);
    for (const size of SIZES) await roundTrip(c, size, {}, (a) => shows(a, kms(arnOf(CMK1))));
  }),
  row(30, "default CMK1: POST form without SSE fields", async (plain) => {
    const c = await plain.apart();
    await c.byDefaultKms(CMK1);
    ok(await postForm(c.w.wire, { bucket: c.bucket, fields: [["key", c.key]] }), 204);
    const got = await c.get();
    shows(got, kms(arnOf(CMK1)));
    assert.equal(got.text, "hello");
  }),
  row(31, "default CMK1: PUT with SSE AES256 is AES256", async (plain) => {
    const c = await plain.apart();
    await c.byDefaultKms(CMK1);
    const put = await c.put(sse("AES256"));
    shows(put, S3);
    assert.equal(etagOf(put), HELLO_MD5);
  }),
  row(32, "default CMK1: PUT with SSE aws:kms and no key uses aws/s3, not CMK1", async (plain) => {
    const c = await plain.apart();
    await c.byDefaultKms(CMK1);
    const put = ok(await c.put(sse("aws:kms")));
    const { KeyMetadata } = await c.w.kms.send(new DescribeKeyCommand({ KeyId: "alias/aws/s3" }));
    shows(put, kms(KeyMetadata?.Arn ?? ""));
    assert.notEqual(encryptionOf(put)["-aws-kms-key-id"], arnOf(CMK1));
  }),
  row(33, "default CMK1 with a bucket key: the request's key and flag win", async (plain) => {
    const c = await plain.apart();
    await c.byDefaultKms(CMK1, true);
    shows(await c.put(sse("aws:kms", CMK2, bucketKey("false"))), kms(arnOf(CMK2)));
  }),
  row(34, "default CMK1 without: the flag alone turns it on", async (plain) => {
    const c = await plain.apart();
    await c.byDefaultKms(CMK1, false);
    shows(await c.put(bucketKey("true"), pattern(MIB)), kms(arnOf(CMK1), true));
    assert.ok((await c.get()).body.equals(pattern(MIB)));
    assert.equal((await c.head()).headers[`${SSE}-bucket-key-enabled`], "true");
  }),
];
