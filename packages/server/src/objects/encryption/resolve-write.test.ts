/** Spec A.3, B.1, B.2, C.3, C.9, E.4, E.6: every pair of header set and bucket default, and every refusal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newBucketId, parseObjectKey } from "../../base/ids.ts";
import type { BucketEncryption, EncryptionHeaders } from "../api.ts";
import { refused, ssec, testBucket, testCaller } from "../test-world.ts";
import { resolveWrite, type WriteEncryption } from "./resolve-write.ts";
import { NO_SSEC, parseSsecHeaders } from "./ssec-request.ts";

const key = parseObjectKey("k");
const resolve = (
  headers: Partial<EncryptionHeaders>,
  encryption: BucketEncryption = {},
  caller = testCaller(),
): WriteEncryption =>
  resolveWrite({
    caller,
    bucket: testBucket(newBucketId(), { encryption }),
    key,
    headers: { ssec: NO_SSEC, ...headers },
    action: "s3:PutObject",
  });
/** Mode, key and bucket key in short. */
const short = (e: WriteEncryption): string => {
  if (e.mode === "SSE-KMS") return `kms ${e.keyId ?? "aws/s3"}${e.bucketKey ? " bk" : ""}`;
  if (e.mode === "DSSE-KMS") return `dsse ${e.keyId ?? "aws/s3"}`;
  return e.mode;
};

const DEFAULTS: Readonly<Record<string, BucketEncryption>> = {
  none: {},
  aes: { rule: { algorithm: "AES256", bucketKey: false } },
  aesBk: { rule: { algorithm: "AES256", bucketKey: true } },
  kms: { rule: { algorithm: "aws:kms", bucketKey: false } },
  kmsKey: { rule: { algorithm: "aws:kms", kmsKeyId: "K1", bucketKey: false } },
  kmsKeyBk: { rule: { algorithm: "aws:kms", kmsKeyId: "K1", bucketKey: true } },
  dsse: { rule: { algorithm: "aws:kms:dsse", kmsKeyId: "K1", bucketKey: true } },
};
const HEADERS: Readonly<Record<string, Partial<EncryptionHeaders>>> = {
  none: {},
  bk: { bucketKey: "true" },
  bkOff: { bucketKey: "false" },
  aes: { sse: "AES256" },
  aesBk: { sse: "AES256", bucketKey: "true" },
  kms: { sse: "aws:kms" },
  kmsKey: { sse: "aws:kms", keyId: "K2" },
  kmsBk: { sse: "aws:kms", bucketKey: "true" },
  kmsBkOff: { sse: "aws:kms", keyId: "K2", bucketKey: "false" },
  dsse: { sse: "aws:kms:dsse", keyId: "K2" },
  dsseBk: { sse: "aws:kms:dsse", bucketKey: "true" },
  ssec: { ssec: ssec(0) },
};
/** Rows: header set; columns in the order of DEFAULTS. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  none: ["SSE-S3", "SSE-S3", "SSE-S3", "kms aws/s3", "kms K1", "kms K1 bk", "dsse K1"],
  bk: ["SSE-S3", "SSE-S3", "SSE-S3", "kms aws/s3 bk", "kms K1 bk", "kms K1 bk", "dsse K1"],
  bkOff: ["SSE-S3", "SSE-S3", "SSE-S3", "kms aws/s3", "kms K1", "kms K1", "dsse K1"],
  aes: Array.from({ length: 7 }, () => "SSE-S3"),
  aesBk: Array.from({ length: 7 }, () => "SSE-S3"),
  // The key of the bucket's rule is never inherited by a request that names a mode (B.2); its bucket key flag is.
  kms: ["kms aws/s3", "kms aws/s3", "kms aws/s3", "kms aws/s3", "kms aws/s3", "kms aws/s3 bk", "kms aws/s3"],
  kmsKey: ["kms K2", "kms K2", "kms K2", "kms K2", "kms K2", "kms K2 bk", "kms K2"],
  kmsBk: Array.from({ length: 7 }, () => "kms aws/s3 bk"),
  kmsBkOff: Array.from({ length: 7 }, () => "kms K2"),
  dsse: Array.from({ length: 7 }, () => "dsse K2"),
  dsseBk: Array.from({ length: 7 }, () => "dsse aws/s3"),
  ssec: Array.from({ length: 7 }, () => "SSE-C"),
};

for (const [headers, row] of Object.entries(EXPECTED)) {
  test(`headers ${headers} against every bucket default`, () => {
    const found = Object.values(DEFAULTS).map((encryption) =>
      short(resolve(HEADERS[headers] ?? {}, encryption)),
    );
    assert.deepEqual(found, row);
  });
}

test("the context is the object's, with a bucket key the bucket's, and the user's pairs", () => {
  const context = Buffer.from('{"dept":"fin"}').toString("base64");
  const of = (headers: Partial<EncryptionHeaders>): unknown => {
    const e = resolve({ sse: "aws:kms", ...headers });
    return e.mode === "SSE-KMS" ? [Object.fromEntries(e.context), e.contextSent] : undefined;
  };
  assert.deepEqual(of({}), [{ "aws:s3:arn": "arn:aws:s3:::bucket/k" }, undefined]);
  assert.deepEqual(of({ bucketKey: "true" }), [{ "aws:s3:arn": "arn:aws:s3:::bucket" }, undefined]);
  assert.deepEqual(of({ context }), [{ dept: "fin", "aws:s3:arn": "arn:aws:s3:::bucket/k" }, context]);
});

test("contexts that are none, or that pose as the store's own", () => {
  const message = "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded";
  for (const bad of [
    "%%%",
    "",
    "eyJhIjp7ImIiOiJjIn19",
    b64("[]"),
    b64("null"),
    b64('"x"'),
    b64('{"a":1}'),
    b64("{"),
  ]) {
    assert.throws(() => resolve({ sse: "aws:kms", context: bad }), refused("InvalidArgument", message), bad);
  }
  for (const bad of [
    '{"aws:s3:arn":"arn:aws:s3:::other/k"}',
    '{"AWS:S3:ARN":"arn:aws:s3:::bucket/k"}',
    '{"aws:x":"y"}',
  ]) {
    assert.throws(() => resolve({ sse: "aws:kms", context: b64(bad) }), refused("InvalidArgument"), bad);
  }
  resolve({ sse: "aws:kms", context: b64('{"aws:s3:arn":"arn:aws:s3:::bucket/k"}') });
});
const b64 = (text: string): string => Buffer.from(text).toString("base64");

test("A.3: values and combinations that are errors", () => {
  const unsupported = "The encryption method specified is not supported";
  for (const sse of ["aes256", "aes:kms", "AES512", "aws:fsx", ""]) {
    assert.throws(() => resolve({ sse }), refused("InvalidArgument", unsupported), sse);
  }
  const needsMode = refused("InvalidArgument", "Server Side Encryption with AWS KMS managed key requires");
  assert.throws(() => resolve({ keyId: "K" }), needsMode);
  assert.throws(() => resolve({ keyId: "K" }, DEFAULTS["kmsKey"]), needsMode);
  assert.throws(() => resolve({ context: b64("{}") }), needsMode);
  assert.throws(() => resolve({ sse: "AES256", keyId: "K" }), needsMode);
  assert.throws(() => resolve({ sse: "AES256", context: b64("{}") }), needsMode);
  assert.throws(() => resolve({ keyId: "K", ssec: ssec(0) }), needsMode);
  for (const bucketKey of ["True", "", "1"]) {
    assert.throws(() => resolve({ sse: "aws:kms", bucketKey }), refused("InvalidArgument"), bucketKey);
  }
});

const K16 = ["AAECAwQFBgcICQoLDA0ODw==", "GsHvAelsrxvg0ykzGk/CqA=="] as const;
const K1 = ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "tP/LI3N87DFaSk0aoqYgzg=="] as const;
const ZEROS = "AAAAAAAAAAAAAAAAAAAAAA==";

test("C.3: rows in their order", () => {
  const rows: readonly (readonly [
    [string | undefined, string | undefined, string | undefined],
    code: string,
    text: string,
    sse?: string,
  ])[] = [
    [
      ["KMS", K1[0], K1[1]],
      "InvalidArgument",
      "Server Side Encryption with Customer provided key is incompatible",
      "AES256",
    ],
    [
      ["AES256", K1[0], K1[1]],
      "InvalidArgument",
      "Server Side Encryption with Customer provided key is incompatible",
      "nonsense",
    ],
    [
      [undefined, K1[0], K1[1]],
      "InvalidArgument",
      "Requests specifying Server Side Encryption with Customer provided keys must provide a valid",
    ],
    [
      [undefined, undefined, K1[1]],
      "InvalidArgument",
      "Requests specifying Server Side Encryption with Customer provided keys must provide a valid",
    ],
    [
      ["KMS", K1[0], K1[1]],
      "InvalidEncryptionAlgorithmError",
      "The Encryption request you specified is not valid.",
    ],
    [
      ["AES256", undefined, undefined],
      "InvalidArgument",
      "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate",
    ],
    [
      ["AES256", undefined, K1[1]],
      "InvalidArgument",
      "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate",
    ],
    [
      ["AES256", K1[0], undefined],
      "InvalidArgument",
      "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated",
    ],
    [["AES256", K1[0], ZEROS], "InvalidArgument", "The calculated MD5 hash of the key did not match"],
    [["AES256", K16[0], ZEROS], "InvalidArgument", "The calculated MD5 hash of the key did not match"],
    [
      ["AES256", K16[0], K16[1]],
      "InvalidArgument",
      "The secret key was invalid for the specified algorithm.",
    ],
    [
      ["AES256", "not base64!", K1[1]],
      "InvalidArgument",
      "The secret key was invalid for the specified algorithm.",
    ],
  ];
  for (const [headers, code, text, sse] of rows) {
    const request = { ssec: parseSsecHeaders(...headers), ...(sse === undefined ? {} : { sse }) };
    assert.throws(() => resolve(request), refused(code, text), JSON.stringify(headers));
  }
  assert.equal(resolve({ ssec: parseSsecHeaders("AES256", ...K1) }).mode, "SSE-C");
});

test("C.9: blocked SSE-C, after syntax and before transport; other modes pass", () => {
  const blocked = { ssecBlocked: true };
  const plain = testCaller("alice", { keysMayPass: false });
  const denied = refused(
    "AccessDenied",
    'User: arn:aws:iam::000000000000:user/alice is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::bucket/k" because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C).',
  );
  assert.throws(() => resolve({ ssec: ssec(0) }, blocked, plain), denied);
  assert.throws(
    () => resolve({ ssec: parseSsecHeaders("KMS", ...K1) }, blocked),
    refused("InvalidEncryptionAlgorithmError"),
  );
  assert.equal(resolve({}, blocked).mode, "SSE-S3");
});

test("E.6 and C.1: transport and signature", () => {
  const plain = testCaller("alice", { keysMayPass: false });
  const anonymous = testCaller("alice", { signature: "none" });
  const tls = refused(
    "InvalidArgument",
    "Requests specifying Server Side Encryption with AWS KMS managed keys must be",
  );
  const sigV4 = refused(
    "InvalidArgument",
    "Requests specifying Server Side Encryption with AWS KMS managed keys require",
  );
  assert.throws(() => resolve({ sse: "aws:kms" }, {}, plain), tls);
  assert.throws(() => resolve({}, DEFAULTS["dsse"], plain), tls);
  assert.throws(() => resolve({ sse: "aws:kms:dsse" }, {}, anonymous), sigV4);
  assert.throws(
    () => resolve({ ssec: ssec(0) }, {}, plain),
    refused(
      "InvalidArgument",
      "Requests specifying Server Side Encryption with Customer provided keys must be made over",
    ),
  );
  assert.equal(resolve({ ssec: ssec(0) }, {}, anonymous).mode, "SSE-C");
  assert.equal(resolve({}, {}, { ...plain, signature: "none" }).mode, "SSE-S3");
});
