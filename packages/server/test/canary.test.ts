/**
 * The canary: recognisable plaintext goes through every mode, small and large, whole and in parts, copied and re-wrapped;
 * then every file under the data directory and everything that the processes have said is searched for it, raw, in base64
 * and in hex. It must stand nowhere but in the answers. Object keys and bucket names are readable by design.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  PutKeyPolicyCommand,
} from "@aws-sdk/client-kms";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { command, SECRET_ACCESS_KEY, serve, type Served, temporaryDirectory } from "./serve.ts";

/** Long enough to be nowhere by chance, and without a prefix in common, so that a hit says what leaked. */
const CANARY = {
  body: "body-canary-Zx81QmPv7LtRw3",
  metadata: "metadata-canary-Kd92NfHs6Ym",
  tag: "tag-canary-Pw47VbXc5RzTq1",
  header: "header-canary-Gh38LsJd9WnB",
  policy: "policyCanaryTy65MkRf2QxZ",
  description: "description-canary-Uv19BhEj4",
  kmsPlaintext: "kms-canary-Rj73XwDn8PlVc0",
  passwordOfRoot: SECRET_ACCESS_KEY,
  passwordOfBootstrap: "bootstrap-canary-Hn52CqWe8",
} as const;
/** Not text: the customer's key, and data keys that GenerateDataKey gives out. */
const CUSTOMER_KEY = createHash("sha256").update("customer-key-canary").digest();
const SSEC = {
  SSECustomerAlgorithm: "AES256",
  SSECustomerKey: CUSTOMER_KEY.toString("base64"),
  SSECustomerKeyMD5: createHash("md5").update(CUSTOMER_KEY).digest("base64"),
} as const;
const COPY_SOURCE_SSEC = {
  CopySourceSSECustomerAlgorithm: "AES256",
  CopySourceSSECustomerKey: SSEC.SSECustomerKey,
  CopySourceSSECustomerKeyMD5: SSEC.SSECustomerKeyMD5,
} as const;

const filled = (size: number): Buffer => Buffer.alloc(size, `${CANARY.body} `);
const SIZES = { small: filled(300), medium: filled(30_000), large: filled(300_000) } as const;
const PART = filled(5 * 1024 ** 2);

const hits = (bytes: Buffer, needles: readonly Buffer[]): readonly string[] =>
  needles.filter((needle) => bytes.includes(needle)).map((needle) => needle.toString("latin1"));

/** Raw, hex in both cases, and base64 at each of the three alignments that it can have inside a longer text. */
function formsOf(secret: Uint8Array): Buffer[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString("hex");
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    // Characters that also hold bits of what stands before or behind are cut off.
    return text.slice(shift === 0 ? 0 : shift + 1, Math.floor(((bytes.length + shift) * 8) / 6));
  });
  return [
    bytes,
    ...[hex, hex.toUpperCase(), ...base64, ...base64.map(urlSafe)].map((text) => Buffer.from(text)),
  ];
}
const urlSafe = (text: string): string => text.replaceAll("+", "-").replaceAll("/", "_");

test("nothing that clients hand over in confidence is readable on the disk or in any output", async (t) => {
  const directory = temporaryDirectory();
  const data = join(directory, "data");
  const bootstrap = join(directory, "bootstrap.json");
  writeFileSync(bootstrap, bootstrapFile());
  const served = await serve({
    data,
    args: ["--bootstrap", bootstrap],
    env: { STRONGROOM_LOG_LEVEL: "debug" },
  });
  t.after(() => served.killAll());
  const dataKey = await everything(served);
  const account = await command(["account", "create", "--data", data, "--name", "tenant", "--json"]);
  const secretOfAccount = /"secretAccessKey":"([^"]{40})"/.exec(account.out)?.[1];
  assert.ok(secretOfAccount !== undefined, account.err);
  const texts = [...Object.values(CANARY), secretOfAccount].map((text) => Buffer.from(text));
  const needles = [...texts, CUSTOMER_KEY, dataKey].flatMap(formsOf);

  // The search itself works.
  assert.equal(hits(Buffer.from(`x${SIZES.small.toString("base64")}`), needles).length > 0, true);

  const verified = await command(["verify", "--data", data, "--json"]);
  assert.equal(verified.code, 0, verified.out);
  const copy = join(directory, "copy");
  const copied = await command(["backup", copy, "--data", data]);
  assert.equal(copied.code, 0, copied.err);
  assert.ok(existsSync(join(copy, "audit")));
  const found = (): string[] => [
    ...[data, copy]
      .flatMap(filesUnder)
      .flatMap((path) => hits(bytesOf(path), needles).map((hit) => `${path}: ${hit}`)),
    // `account.out` shows the secret once, as it should.
    ...[served.out, served.err, account.err, verified.out, verified.err, copied.out, copied.err].flatMap(
      (text) => hits(Buffer.from(text), needles),
    ),
  ];
  assert.deepEqual(found(), []);
  const { body: metrics } = await served.admin("/metrics");
  assert.deepEqual(hits(Buffer.from(metrics), needles), []);

  // After it was killed in the midst of a write: what a crash leaves behind.
  const cut = served
    .s3()
    .send(new PutObjectCommand({ Bucket: "canary", Key: "cut", Body: filled(40_000_000) }))
    .catch(() => undefined);
  await new Promise((done) => setTimeout(done, 100));
  await served.killAll();
  await cut;
  assert.deepEqual(found(), []);
});

const bootstrapFile = (): string =>
  JSON.stringify({
    accounts: [
      {
        id: "111122223333",
        users: [
          {
            name: "eve",
            accessKeys: [{ accessKeyId: "eve-key", secretAccessKey: CANARY.passwordOfBootstrap }],
          },
        ],
      },
    ],
  });

/** The collector may remove a file while it is looked for. */
function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

function filesUnder(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Every mode, size and way in. Returns a data key that was given out. */
async function everything(served: Served): Promise<Uint8Array> {
  const s3 = served.s3();
  const kms = served.kms();
  const { KeyMetadata } = await kms.send(
    new CreateKeyCommand({
      Description: CANARY.description,
      Tags: [{ TagKey: "t", TagValue: CANARY.tag }],
      Policy: policyOf("kms:*", "*"),
    }),
  );
  const KeyId = KeyMetadata?.KeyId ?? "";
  await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: policyOf("kms:*", "*") }));
  const sealed = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from(CANARY.kmsPlaintext) }));
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }));
  assert.equal(Buffer.from(opened.Plaintext ?? []).toString(), CANARY.kmsPlaintext);
  const dataKey = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }));
  await s3.send(new CreateBucketCommand({ Bucket: "canary" }));
  await s3.send(
    new PutBucketTaggingCommand({ Bucket: "canary", Tagging: { TagSet: [{ Key: "t", Value: CANARY.tag }] } }),
  );
  await s3.send(
    new PutBucketPolicyCommand({ Bucket: "canary", Policy: policyOf("s3:*", "arn:aws:s3:::canary/*") }),
  );
  const modes: Readonly<Record<string, object>> = {
    s3: {},
    kms: { ServerSideEncryption: "aws:kms", SSEKMSKeyId: KeyId },
    bucketkey: { ServerSideEncryption: "aws:kms", SSEKMSKeyId: KeyId, BucketKeyEnabled: true },
    dsse: { ServerSideEncryption: "aws:kms:dsse", SSEKMSKeyId: KeyId },
    ssec: SSEC,
  };
  for (const [mode, headers] of Object.entries(modes)) {
    for (const [size, body] of Object.entries(SIZES)) await put(s3, `${mode}/${size}`, body, headers);
    await multipart(s3, `${mode}/parts`, headers);
    await copies(s3, mode, modes);
    const read = mode === "ssec" ? SSEC : {};
    const got = await s3.send(new GetObjectCommand({ Bucket: "canary", Key: `${mode}/large`, ...read }));
    assert.deepEqual(Buffer.from((await got.Body?.transformToByteArray()) ?? []), SIZES.large);
  }
  await refusals(s3);
  const plain = dataKey.Plaintext;
  assert.ok(plain !== undefined);
  return plain;
}

async function put(s3: S3Client, key: string, body: Buffer, headers: object): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: "canary",
      Key: key,
      Body: body,
      Metadata: { canary: CANARY.metadata },
      ContentDisposition: `attachment; filename="${CANARY.header}"`,
      Tagging: `t=${CANARY.tag}`,
      ...headers,
    }),
  );
  await s3.send(
    new PutObjectTaggingCommand({
      Bucket: "canary",
      Key: key,
      Tagging: { TagSet: [{ Key: "u", Value: CANARY.tag }] },
    }),
  );
}

/** Two parts, the first sent twice; and an upload that stays open. */
async function multipart(s3: S3Client, key: string, headers: object): Promise<void> {
  const customer = "SSECustomerKey" in headers ? SSEC : {};
  const input = {
    Bucket: "canary",
    Key: key,
    Metadata: { canary: CANARY.metadata },
    Tagging: `t=${CANARY.tag}`,
  };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...input, ...headers }));
  const part = async (PartNumber: number, Body: Buffer) => {
    const to = { Bucket: "canary", Key: key, UploadId, PartNumber };
    const { ETag } = await s3.send(new UploadPartCommand({ ...to, Body, ...customer }));
    return { ETag, PartNumber };
  };
  await part(1, SIZES.small);
  const Parts = [await part(1, PART), await part(2, SIZES.large)];
  await s3.send(
    new CompleteMultipartUploadCommand({
      Bucket: "canary",
      Key: key,
      UploadId,
      MultipartUpload: { Parts },
      ...customer,
    }),
  );
  const open = await s3.send(new CreateMultipartUploadCommand({ ...input, Key: `${key}-open`, ...headers }));
  const to = { Bucket: "canary", Key: `${key}-open`, UploadId: open.UploadId, PartNumber: 1 };
  await s3.send(new UploadPartCommand({ ...to, Body: SIZES.large, ...customer }));
}

/** From this mode into every mode. */
async function copies(s3: S3Client, mode: string, modes: Readonly<Record<string, object>>): Promise<void> {
  const source = mode === "ssec" ? COPY_SOURCE_SSEC : {};
  for (const [target, headers] of Object.entries(modes)) {
    const to = { Bucket: "canary", Key: `copies/${mode}-${target}`, CopySource: `canary/${mode}/medium` };
    await s3.send(new CopyObjectCommand({ ...to, ...source, ...headers }));
  }
}

/** What is refused is often what gets logged. */
async function refusals(s3: S3Client): Promise<void> {
  const refused = async (sent: Promise<unknown>): Promise<void> => {
    await assert.rejects(sent);
  };
  await refused(s3.send(new GetObjectCommand({ Bucket: "canary", Key: "ssec/large" })));
  await refused(s3.send(new GetObjectCommand({ Bucket: "canary", Key: "s3/large", ...SSEC })));
  const other = createHash("sha256").update("another").digest();
  await refused(
    s3.send(
      new GetObjectCommand({
        Bucket: "canary",
        Key: "ssec/large",
        SSECustomerAlgorithm: "AES256",
        SSECustomerKey: other.toString("base64"),
        SSECustomerKeyMD5: createHash("md5").update(other).digest("base64"),
      }),
    ),
  );
  await refused(
    s3.send(
      new PutObjectCommand({
        Bucket: "canary",
        Key: "x",
        Body: SIZES.small,
        ContentMD5: "AAAAAAAAAAAAAAAAAAAAAA==",
        Metadata: { canary: CANARY.metadata },
      }),
    ),
  );
  await refused(s3.send(new PutBucketPolicyCommand({ Bucket: "canary", Policy: `{"${CANARY.policy}": 1}` })));
}

/** A policy with a recognisable name in it that lets the account do everything. */
const policyOf = (action: string, resource: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: CANARY.policy,
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::000000000000:root" },
        Action: action,
        Resource: resource,
      },
    ],
  });
