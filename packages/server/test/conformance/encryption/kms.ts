/** M.3: SSE-KMS and DSSE-KMS. */
import assert from "node:assert/strict";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  DisableKeyCommand,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import type { Answer } from "../call.ts";
import { bare, dsse, encryptionOf, kms, ok, refused, S3, shows } from "../expect.ts";
import { ACCOUNT, arnOf, CMK1, CMK2, OTHER_ACCOUNT, SLOW } from "../world.ts";
import { postForm } from "./form.ts";
import { readRanges, uploadInParts } from "./multipart.ts";
import {
  bucketKey,
  type Case,
  context,
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

const ARN1 = arnOf(CMK1);
const NEEDS_TLS = {
  message:
    "Requests specifying Server Side Encryption with AWS KMS managed keys must be made over a secure connection.",
};
const NEEDS_SIGV4 = {
  message:
    "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.",
  ArgumentName: "Authorization",
  ArgumentValue: "null",
};
/** A proxy's mark: what comes through one is no longer this machine's own traffic, and needs TLS. */
const FORWARDED = { "x-forwarded-for": "192.0.2.1" };

async function newKey(c: Case, input: CreateKeyCommandInput = {}): Promise<string> {
  const { KeyMetadata } = await c.w.kms.send(new CreateKeyCommand(input));
  return KeyMetadata?.Arn ?? "";
}
async function managedArn(c: Case): Promise<string> {
  const { KeyMetadata } = await c.w.kms.send(new DescribeKeyCommand({ KeyId: "alias/aws/s3" }));
  return KeyMetadata?.Arn ?? "";
}
/** A key policy: its account may do all but use the key; use is tied to a condition. */
const usableOnly = (condition: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
        NotAction: ["kms:GenerateDataKey", "kms:Decrypt"],
        Resource: "*",
      },
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
        Action: ["kms:GenerateDataKey", "kms:Decrypt"],
        Resource: "*",
        Condition: { StringEquals: condition },
      },
    ],
  });

async function refusedEverywhere(c: Case, keyId: string, message: string, code: string): Promise<void> {
  const headers = sse("aws:kms", keyId);
  await c.named("plain").put();
  for (const answer of [
    await c.put(headers),
    await c.create(headers),
    await c.copyFrom(c.named("plain"), headers),
  ]) {
    refused(answer, 400, code, { message });
  }
}

export const KMS: readonly Row[] = [
  row(35, "PUT aws:kms by key id; HEAD and GET, by size: the full ARN", async (c) => {
    for (const size of SIZES) {
      await roundTrip(c, size, sse("aws:kms", CMK1), (a) => shows(a, kms(ARN1)));
    }
    const put = await c.put(sse("aws:kms", CMK1));
    assert.match(etagOf(put), /^[0-9a-f]{32}$/);
    assert.notEqual(etagOf(put), HELLO_MD5);
    shows(await c.head(), kms(ARN1));
    await c.w.kms.send(new CreateAliasCommand({ AliasName: "alias/row35", TargetKeyId: CMK2 }));
    for (const name of ["alias/row35", `arn:aws:kms:us-east-1:${ACCOUNT}:alias/row35`, arnOf(CMK2)]) {
      shows(await c.put(sse("aws:kms", name)), kms(arnOf(CMK2)));
    }
  }),
  row(36, "PUT aws:kms without a key uses aws/s3", async (c) => {
    const put = ok(await c.put(sse("aws:kms")));
    shows(put, kms(await managedArn(c)));
  }),
  row(37, "the same key in a second bucket", async (c) => {
    const [one, two] = [await c.put(sse("aws:kms")), await (await c.apart()).put(sse("aws:kms"))];
    assert.deepEqual(encryptionOf(one), encryptionOf(two));
  }),
  row(38, "HEAD and GET of a KMS object sending SSE and a key", async (c) => {
    await c.put(sse("aws:kms", CMK1));
    bare(await c.head(sse("aws:kms", CMK1)), 400);
    refused(await c.get(sse("aws:kms", CMK1)), 400, "InvalidArgument");
  }),
  row(39, "GET of another object sending SSE and a key", async (c) => {
    await c.put();
    refused(await c.get(sse("aws:kms", CMK1)), 400, "InvalidArgument");
  }),
  row(40, "a key id of no known form", async (c) => {
    await refusedEverywhere(c, "fake-key-id", "Invalid keyId 'fake-key-id'", "KMS.NotFoundException");
  }),
  row(41, "an unknown key, by id and by ARN", async (c) => {
    const id = "99999999-9999-4999-8999-999999999999";
    const message = `Key '${arnOf(id)}' does not exist`;
    await refusedEverywhere(c, id, message, "KMS.NotFoundException");
    await refusedEverywhere(c, arnOf(id), message, "KMS.NotFoundException");
  }),
  row(42, "an ARN in another Region", async (c) => {
    const arn = ARN1.replace("us-east-1", "eu-west-1");
    await refusedEverywhere(c, arn, "Invalid arn eu-west-1", "KMS.NotFoundException");
  }),
  row(43, "a disabled key: reads and writes", async (c) => {
    const arn = await newKey(c);
    ok(await c.put(sse("aws:kms", arn)));
    await c.w.kms.send(new DisableKeyCommand({ KeyId: arn }));
    const message = `${arn} is disabled.`;
    refused(await c.get(), 400, "KMS.DisabledException", { message });
    await refusedEverywhere(c.named("new"), arn, message, "KMS.DisabledException");
  }),
  row(44, "a key that is to be deleted", async (c) => {
    const arn = await newKey(c);
    ok(await c.put(sse("aws:kms", arn)));
    await c.w.kms.send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }));
    const message = `${arn} is pending deletion.`;
    refused(await c.get(), 400, "KMS.KMSInvalidStateException", { message });
    await refusedEverywhere(c.named("new"), arn, message, "KMS.KMSInvalidStateException");
  }),
  row(45, "an RSA key", async (c) => {
    const arn = await newKey(c, { KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" });
    refused(await c.put(sse("aws:kms", arn)), 400, "KMS.InvalidKeyUsageException");
  }),
  row(46, "PUT by a caller without kms:GenerateDataKey", async (plain) => {
    const c = await plain.apart();
    await c.allow(OTHER_ACCOUNT, "s3:PutObject");
    const other = c.as(c.w.other);
    ok(await other.put());
    refused(await other.put(sse("aws:kms", ARN1)), 403, "AccessDenied");
  }),
  row(47, "GET, HEAD, HEAD with checksum mode by a caller without kms:Decrypt", async (plain) => {
    const c = await plain.apart();
    await c.allow(OTHER_ACCOUNT, "s3:GetObject");
    ok(await c.put(sse("aws:kms", ARN1)));
    const other = c.as(c.w.other);
    refused(await other.get(), 403, "AccessDenied");
    shows(await other.head(), kms(ARN1));
    bare(await other.head({ "x-amz-checksum-mode": "ENABLED" }), 403);
  }),
  row(48, "anonymous GET of a public KMS object", async (plain) => {
    const c = await plain.apart();
    await c.allow("*", "s3:GetObject");
    ok(await c.put(sse("aws:kms", ARN1)));
    const got = await c.w.wire.send({ method: "GET", path: c.path, sign: false });
    refused(got, 400, "InvalidArgument", NEEDS_SIGV4);
  }),
  row(49, "a presigned GET of Signature Version 2", async (c) => {
    // The store knows no SigV2 at all and says so before it knows who asks, so it can't tell what the object is.
    ok(await c.put(sse("aws:kms", ARN1)));
    const query = "AWSAccessKeyId=test-root&Expires=4102444800&Signature=AAAAAAAAAAAAAAAAAAAAAAAAAAA%3D";
    const got = await c.w.wire.send({ method: "GET", path: `${c.path}?${query}`, sign: false });
    refused(got, 400, "InvalidRequest", { message: "Please use AWS4-HMAC-SHA256." });
  }),
  row(50, "GET and PUT over plain HTTP, except on loopback itself", async (c) => {
    const plain = c.as(c.w.plain);
    shows(await plain.put(sse("aws:kms", ARN1)), kms(ARN1));
    shows(await plain.get(), kms(ARN1));
    refused(await plain.get(FORWARDED), 400, "InvalidArgument", NEEDS_TLS);
    refused(await plain.put(sse("aws:kms", ARN1, FORWARDED)), 400, "InvalidArgument", NEEDS_TLS);
    shows(await plain.head(FORWARDED), kms(ARN1));
    shows(await plain.named("s3").put(FORWARDED), S3);
  }),
  row(51, "PUT with a context, GET without: the key service saw all pairs both times", async (c) => {
    const arn = await newKey(c, {
      Policy: usableOnly({
        "kms:EncryptionContext:dept": "fin",
        "kms:EncryptionContext:aws:s3:arn": `arn:aws:s3:::${c.bucket}/${c.key}`,
        "kms:ViaService": "s3.us-east-1.amazonaws.com",
      }),
    });
    const sent = "eyJkZXB0IjoiZmluIn0=";
    shows(await c.put(sse("aws:kms", arn, context(sent))), { ...kms(arn), "-context": sent });
    const got = await c.get();
    shows(got, kms(arn));
    assert.equal(got.text, "hello");
    refused(await c.put(sse("aws:kms", arn)), 403, "AccessDenied");
    refused(await c.named("elsewhere").put(sse("aws:kms", arn, context(sent))), 403, "AccessDenied");
  }),
  row(52, "contexts that are no map of strings", async (c) => {
    const message =
      "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map";
    for (const bad of ["eyJhIjp7ImIiOiJjIn19", "%%%", "WyJhIl0=", "bnVsbA=="]) {
      const answer = await c.put(sse("aws:kms", CMK1, context(bad)));
      refused(answer, 400, "InvalidArgument", { message });
    }
  }),
  row(
    53,
    "a bucket key: context is the bucket's ARN, and a second PUT asks the key service nothing",
    async (plain) => {
      const c = await plain.apart();
      const arn = await newKey(c, {
        Policy: usableOnly({ "kms:EncryptionContext:aws:s3:arn": `arn:aws:s3:::${c.bucket}` }),
      });
      const headers = sse("aws:kms", arn, bucketKey("true"));
      const before = await c.w.kmsCalls("GenerateDataKey");
      shows(await c.put(headers), kms(arn, true));
      assert.equal(await c.w.kmsCalls("GenerateDataKey"), before + 1);
      for (let i = 0; i < 5; i++) shows(await c.named(`more${i}`).put(headers), kms(arn, true));
      assert.equal(await c.w.kmsCalls("GenerateDataKey"), before + 1);
      refused(await c.put(sse("aws:kms", arn)), 403, "AccessDenied");
    },
  ),
  row(54, "multipart: key and bucket key on every answer; ETag is that of the parts'", async (c) => {
    const size = SLOW ? 30 * MIB : 6 * MIB;
    const headers = sse("aws:kms", CMK1, bucketKey("true"));
    const check = (answer: Answer): void => shows(answer, kms(ARN1, true));
    const { body, upload, etag } = await uploadInParts(c, size, 5 * MIB, headers, check);
    const { createHash } = await import("node:crypto");
    const parts = upload.etags.map((part) => Buffer.from(part, "hex"));
    const expected = createHash("md5").update(Buffer.concat(parts)).digest("hex");
    assert.equal(etag, `${expected}-${parts.length}`);
    const got = await c.get();
    check(got);
    assert.ok(got.body.equals(body));
    await readRanges(c, body, 3_000_000);
  }),
  row(55, "PUT aws:kms:dsse with a key; HEAD", async (c) => {
    for (const size of SIZES) {
      await roundTrip(c, size, sse("aws:kms:dsse", CMK1), (a) => shows(a, dsse(ARN1)));
    }
    shows(await c.head(), dsse(ARN1));
    assert.notEqual(etagOf(await c.put(sse("aws:kms:dsse", CMK1))), HELLO_MD5);
  }),
  row(56, "PUT aws:kms:dsse with a bucket key: no such header in the answer", async (c) => {
    shows(await c.put(sse("aws:kms:dsse", CMK1, bucketKey("true"))), dsse(ARN1));
    shows(await c.get(), dsse(ARN1));
  }),
  row(57, "POST form with SSE and a key, both in the policy", async (c) => {
    const key = `${SSE}-aws-kms-key-id`;
    const posted = await postForm(c.w.wire, {
      bucket: c.bucket,
      fields: [
        ["key", c.key],
        [SSE, "aws:kms"],
        [key, ARN1],
      ],
      file: pattern(100_000),
      conditions: [["starts-with", `$${SSE}`, "aws:kms"], { [key]: ARN1 }],
    });
    shows(ok(posted, 204), kms(ARN1));
    const got = await c.get();
    shows(got, kms(ARN1));
    assert.ok(got.body.equals(pattern(100_000)));
  }),
  row(58, "POST form with an SSE field that the policy does not name", async (c) => {
    const fields = [
      ["key", c.key],
      [SSE, "aws:kms"],
    ] as const;
    const answer = await postForm(c.w.wire, { bucket: c.bucket, fields });
    refused(answer, 403, "AccessDenied", { message: "Extra input fields" });
  }),
];
