/**
 * Golden vectors of the bodies of CORS, part and ended records, format 1, and of upload records, format 2 and, to be read,
 * format 1 (testdata/objects). They were written by the releases that made the formats and never change; a new shape gets
 * a new version and keeps reading these. Bucket and policy records of format 1, which stand in the same file, are read
 * beside the records of today.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { encodeKekReference, encodeManifest, SecretKey } from "@strongroom/crypto";
import { asId, type BlobId, type BucketId, type ContentId, keyArn, parseAccountId } from "../../base/ids.ts";
import type { Rev, VersionUid } from "../../base/ids.ts";
import { corsCodec } from "../buckets/cors-record.ts";
import type { EncryptionMode } from "../rows/version-record.ts";
import { endedCodec } from "./ended-record.ts";
import { partCodec } from "./part-record.ts";
import { uploadCodec, uploadOf, type UploadRecord } from "./upload-record.ts";

const TESTDATA = join(import.meta.dirname, "../../../../../testdata/objects");
const read = (name: string): Readonly<Record<string, unknown>> =>
  JSON.parse(readFileSync(join(TESTDATA, name), "utf8"));
const bytesOf = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(String(text), "hex"));
const fill = (n: number, byte: number): Uint8Array => new Uint8Array(n).fill(byte);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const ARN = keyArn("us-east-1", "000000000000", "11111111-1111-4111-8111-111111111111");
const BUCKET = asId<BucketId>(fill(16, 1));
const CONTENT = asId<ContentId>(fill(16, 3));
const TIME_MS = 1_790_000_000_123;

const envelope = (mode: EncryptionMode, form: 1 | 2) => ({
  kind: "upload" as const,
  mode,
  layer: 0 as const,
  form,
  wrapSalt: fill(32, 6),
  kekReference: encodeKekReference({ kind: "epoch", bucketId: BUCKET, epoch: 1 }),
  wrapped: fill(52, 7),
});

function upload(change: Partial<UploadRecord>): UploadRecord {
  const manifestBytes = encodeManifest({
    bucketId: BUCKET,
    objectKey: "photos/über/🔑.jpg",
    versionUid: fill(16, 2),
    contentId: CONTENT,
    plaintextSize: 0,
    etag: fill(16, 0),
    checksum: undefined,
    shownPartCount: 0,
    contentHeaders: [["content-type", "image/jpeg"]],
    userMetadata: [["owner", "zoë"]],
    streams: { kind: "inline", entries: [] },
  });
  return uploadOf({
    state: { kind: "open" },
    manifestBytes,
    envelopes: [envelope("SSE-S3", 1)],
    checksum: undefined,
    tags: [],
    access: {},
    initiator: undefined,
    completionKey: undefined,
    found: undefined,
    ...change,
  });
}

const owner = parseAccountId("000000000000");
const part = {
  plaintextSize: 5_242_880,
  location: { blob: asId<BlobId>(fill(16, 8)), storedSize: 5_244_232, crc32c: 0xdeadbeef },
  etag: fill(16, 9),
  lastModifiedMs: TIME_MS,
};
const ended = { cleared: false, endedMs: TIME_MS, contentId: CONTENT, bucketId: BUCKET, key: "über" };

const BUILT: Readonly<Record<string, () => Uint8Array>> = {
  cors: () =>
    corsCodec.encode({
      revision: asId<Rev>(fill(16, 14)),
      rules: [
        { origins: ["*"], methods: ["GET"], headers: [], exposed: [] },
        {
          id: "app",
          origins: ["https://*.example.com", "http://localhost:3000"],
          methods: ["PUT", "POST"],
          headers: ["x-amz-*"],
          exposed: ["ETag", "x-amz-version-id"],
          maxAgeSeconds: 3000,
        },
      ],
    }),
  part: () => partCodec.encode({ ...part, commitments: [fill(32, 11)], sealedChecksums: fill(26, 12) }),
  "part, DSSE-KMS": () =>
    partCodec.encode({ ...part, commitments: [fill(32, 11), fill(32, 13)], sealedChecksums: fill(26, 12) }),
  "ended, aborted": () => endedCodec.encode({ ...ended, how: { kind: "aborted" } }),
  "ended, completed": () =>
    endedCodec.encode({
      ...ended,
      cleared: true,
      how: {
        kind: "completed",
        digest: fill(32, 5),
        used: Uint8Array.of(0b10110),
        pagesUsed: 0,
        versionUid: asId<VersionUid>(fill(16, 2)),
        isNull: false,
        sequence: 7,
        etag: fill(16, 9),
        partCount: 3,
        size: 12_345_678,
        lastModifiedMs: TIME_MS,
        encryption: { mode: "SSE-KMS", keyArn: ARN, bucketKey: true },
        access: { sse: "aws:kms", keyId: "alias/k" },
      },
    }),
};

const COMPLETING = {
  state: { kind: "completing" as const, digest: fill(32, 5), sinceMs: TIME_MS },
  envelopes: [envelope("SSE-C", 2)] as const,
  checksum: { algorithm: "SHA256", type: "COMPOSITE" } as const,
  tags: [{ key: "a", value: "b" }],
  access: { sse: "aws:kms", keyId: "alias/k" },
  initiator: { account: owner, arn: "arn:aws:iam::000000000000:user/zoë", name: "zoë" },
  completionKey: SecretKey.fromBytes("completion", fill(32, 10)),
};
const UPLOADS: Readonly<Record<string, () => UploadRecord>> = {
  "upload, open": () => upload({ found: "nothing" }),
  "upload, SSE-C, completing": () => upload({ ...COMPLETING, found: asId<VersionUid>(fill(16, 15)) }),
  "upload of format 1, written again": () => upload({}),
};

const all = read("uploads-v1.json");
const stored = Object.fromEntries(
  Object.entries(all).filter(([name]) => !/^(bucket|policy|upload)/.test(name)),
);

test("what is written is what the vectors say", () => {
  for (const [name, build] of Object.entries(BUILT)) assert.equal(hex(build()), stored[name], name);
  assert.deepEqual(Object.keys(stored), Object.keys(BUILT));
});

test("the vectors are read, and written again they are the same", () => {
  for (const [name, text] of Object.entries(stored)) {
    const body = bytesOf(text);
    const again = name.startsWith("part")
      ? partCodec.encode(partCodec.decode(body))
      : name === "cors"
        ? corsCodec.encode(corsCodec.decode(body))
        : endedCodec.encode(endedCodec.decode(body));
    assert.equal(hex(again), text, name);
  }
});

test("uploads: what is written is what the vectors say, and it is read again", () => {
  const uploads = read("uploads-v2.json");
  for (const [name, build] of Object.entries(UPLOADS)) {
    assert.equal(hex(uploadCodec.encode(build())), uploads[name], name);
    assert.equal(hex(uploadCodec.encode(uploadCodec.decode(bytesOf(uploads[name])))), uploads[name], name);
    assert.deepEqual(uploadCodec.decode(bytesOf(uploads[name])).found, build().found, name);
  }
  assert.deepEqual(Object.keys(uploads), Object.keys(UPLOADS));
});

test("an upload of format 1 is read, and what stood at its key is not known", () => {
  for (const [name, written] of [
    ["upload, open", upload({})],
    ["upload, SSE-C, completing", upload(COMPLETING)],
  ] as const) {
    const record = uploadCodec.decode(bytesOf(all[name]));
    assert.equal(record.found, undefined, name);
    assert.equal(hex(uploadCodec.encode(record)), hex(uploadCodec.encode(written)), name);
  }
});
