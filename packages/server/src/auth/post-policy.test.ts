import assert from "node:assert/strict";
import { test } from "node:test";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { S3Client } from "@aws-sdk/client-s3";
import { authenticatePost, postKey } from "./authenticate-post.ts";
import { cpuMs } from "../policy/testing.ts";
import { parsePostPolicy } from "./post-policy.ts";
import {
  ACCESS_KEY_ID,
  deps,
  NOW_MS,
  refusal,
  SCOPE,
  SECRET,
  SECRET_HANDLE,
  TIMESTAMP,
} from "./test/signer.ts";

const EXPIRATION = "2013-05-24T01:00:00Z";
const CLAIM = {
  "x-amz-algorithm": "AWS4-HMAC-SHA256",
  "x-amz-credential": `${ACCESS_KEY_ID}/20130524/us-east-1/s3/aws4_request`,
  "x-amz-date": TIMESTAMP,
};
const CLAIM_CONDITIONS = Object.entries(CLAIM).map(([name, value]) => ({ [name]: value }));

type Fields = Readonly<Record<string, string>>;
function form(document: unknown, fields: Fields): Map<string, string> {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  const policy = Buffer.from(text).toString("base64");
  const signature = SECRET_HANDLE.signingKey(SCOPE).sign(policy);
  return new Map(Object.entries({ ...CLAIM, policy, "x-amz-signature": signature, ...fields }));
}
const policy = (...conditions: readonly unknown[]): unknown => ({
  expiration: EXPIRATION,
  conditions: [...CLAIM_CONDITIONS, ...conditions],
});
const run = (fields: Map<string, string>, nowMs = NOW_MS): ReturnType<typeof authenticatePost<string>> =>
  authenticatePost(fields, "b", deps({ clock: { now: () => nowMs } }));

const B = { bucket: "b" };
const DENIED = "AccessDenied";

test("what a failed condition wanted of a customer's key is not shown", async () => {
  for (const name of [
    "x-amz-server-side-encryption-customer-key",
    "X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key",
  ])
    for (const [condition, shown] of [
      [{ [name]: "c2VjcmV0" }, `"eq", "$${name.toLowerCase()}"`],
      [["starts-with", `$${name}`, "c2VjcmV0"], `"starts-with", "$${name.toLowerCase()}"`],
      [["eq", name, "c2VjcmV0"], `"eq", "${name}"`],
    ] as const) {
      const fields = form(policy(B, { key: "k" }, condition), { key: "k", [name.toLowerCase()]: "b3RoZXI=" });
      const error = await run(fields).catch((cause: unknown) => cause);
      assert.ok(error instanceof Error);
      assert.equal(
        error.message,
        `Invalid according to Policy: Policy Condition failed: [${shown}, "REDACTED"]`,
      );
    }
});

test("conditions", async () => {
  const rows: readonly (readonly [conditions: readonly unknown[], fields: Fields, message?: string])[] = [
    [[B, { key: "k" }], { key: "k" }],
    [[B, { KEY: "k" }], { key: "k" }],
    [[B, ["eq", "$key", "k"]], { key: "k" }],
    [[B, ["StArTs-WiTh", "$KeY", "us"]], { key: "user/1" }],
    [[B, ["starts-with", "$key", ""]], { key: "anything" }],
    [[B, ["starts-with", "$key", "\\$foo"]], { key: "\\$foo.txt" }],
    [[B, ["starts-with", "$key", ""], ["starts-with", "$x-amz-server-side-encryption", ""]], { key: "k" }],
    [[B, ["starts-with", "$key", ""]], { key: "k", "x-ignore-foo": "1" }],
    [
      [B, { key: "k" }, ["starts-with", "$Content-Type", "image/"]],
      { key: "k", "content-type": "image/png,image/gif" },
    ],
    [
      [B, { key: "x" }],
      { key: "k" },
      'Invalid according to Policy: Policy Condition failed: ["eq", "$key", "x"]',
    ],
    [
      [B, ["starts-with", "$key", "x"]],
      { key: "k" },
      'Invalid according to Policy: Policy Condition failed: ["starts-with", "$key", "x"]',
    ],
    [
      [B, { key: "k" }, ["starts-with", "$content-type", "image/"]],
      { key: "k", "content-type": "image/png,text/html" },
      'Invalid according to Policy: Policy Condition failed: ["starts-with", "$content-type", "image/"]',
    ],
    [
      [B, { key: "k" }, ["starts-with", "$x-amz-meta-foo", "bar"]],
      { key: "k" },
      'Invalid according to Policy: Policy Condition failed: ["starts-with", "$x-amz-meta-foo", "bar"]',
    ],
    [
      [B, { key: "k" }, ["eq", "$x-amz-meta-foo", ""]],
      { key: "k", "x-amz-meta-foo": "barclamp" },
      'Invalid according to Policy: Policy Condition failed: ["eq", "$x-amz-meta-foo", ""]',
    ],
    [
      [B, { key: "k" }],
      { key: "k", "x-amz-meta-foo": "1" },
      "Invalid according to Policy: Extra input fields: x-amz-meta-foo",
    ],
    [[B], { key: "k" }, "Invalid according to Policy: Extra input fields: key"],
    [[{ key: "k" }], { key: "k" }, "Invalid according to Policy: Extra input fields: bucket"],
    [
      [B, { key: "k" }, ["eq", "key", "k"]],
      { key: "k" },
      'Invalid according to Policy: Policy Condition failed: ["eq", "key", "k"]',
    ],
    [
      [B, { key: "k" }, ["starts-with", "key", ""]],
      { key: "k" },
      'Invalid according to Policy: Policy Condition failed: ["starts-with", "key", ""]',
    ],
    [
      [B, { key: "k" }, ["content-length-range", 1, "-5"], ["content-length-range", 1, 5]],
      { key: "k" },
      'Invalid according to Policy: Policy Condition failed: ["content-length-range", "1", "-5"]',
    ],
    [
      [{ bucket: "other" }, { key: "k" }],
      { key: "k" },
      'Invalid according to Policy: Policy Condition failed: ["eq", "$bucket", "other"]',
    ],
    [
      [{ bucket: "other" }, { key: "k" }],
      { key: "k", bucket: "other" },
      'Invalid according to Policy: Policy Condition failed: ["eq", "$bucket", "other"]',
    ],
  ];
  for (const [conditions, fields, message] of rows) {
    const attempt = run(form(policy(...conditions), fields));
    if (message === undefined) assert.equal((await attempt).kind, "signed");
    else {
      const error = await refusal(attempt);
      assert.deepEqual([error.code, error.message], [DENIED, message]);
    }
  }
});

test("escapes: those of JSON, and two more", async () => {
  const document = (wanted: string): string =>
    JSON.stringify(policy(B, ["eq", "$key", "KEY"])).replace("KEY", () => wanted);
  for (const [written, key] of [
    ["\\$a", "$a"],
    ["\\\\$a", "\\$a"],
    ["\\\\\\$a", "\\$a"],
    ["\\v\\t\\u0041", "\v\tA"],
    ["\\\\v", "\\v"],
    ["a\\$b$", "a$b$"],
  ] as const) {
    assert.equal((await run(form(document(written), { key }))).kind, "signed", written);
    assert.equal((await refusal(run(form(document(written), { key: written })))).code, DENIED, written);
  }
  for (const text of [document("\\x"), document('"\\$"'), `\\$${document("a")}`])
    assert.equal((await refusal(run(form(text, { key: "a" })))).code, "InvalidPolicyDocument", text);
});

test("many conditions on a Content-Type of many parts cost little", async () => {
  const types = Array.from({ length: 240 }, () => ["starts-with", "$content-type", ""]);
  const asked = (length: number) =>
    form(policy(B, { key: "k" }, ...types), { key: "k", "content-type": ",".repeat(length) });
  assert.equal((await run(asked(99))).kind, "signed");
  const long = asked(32_000);
  const started = cpuMs();
  assert.equal((await refusal(run(long))).code, DENIED);
  assert.ok(cpuMs() - started < 150);
});

test("documents that are no policy", async () => {
  for (const document of [
    "{",
    "[]",
    "null",
    {},
    { expiration: EXPIRATION },
    { conditions: [] },
    { expiration: "tomorrow", conditions: [] },
    { expiration: 1, conditions: [] },
    { expiration: EXPIRATION, CONDITIONS: [] },
    { EXPIRATION, conditions: [] },
    { expiration: EXPIRATION, conditions: {} },
    policy({}),
    policy({ a: "1", b: "2" }),
    policy({ a: 1 }),
    policy("x"),
    policy(["eq", "$key"]),
    policy(["eq", "$", "v"]),
    policy(["matches", "$key", "v"]),
    policy(["content-length-range", 0]),
    policy(["content-length-range", -1, 5]),
    policy(["content-length-range", "a", {}]),
    policy(["content-length-range", "a", -1]),
    policy(["eq", "key", 1]),
    policy(["content-length-range", 0, 1e30]),
    policy(...Array.from({ length: 300 }, () => ["starts-with", "$key", ""])),
  ]) {
    const error = await refusal(run(form(document, { key: "k" })));
    assert.equal(error.code, "InvalidPolicyDocument", JSON.stringify(document));
  }
  const empty = await refusal(run(form(policy({}), { key: "k" })));
  assert.equal(
    empty.message,
    "Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
  );
});

test("content-length-range: numbers or their text; several narrow", () => {
  const range = (...conditions: unknown[]): unknown =>
    parsePostPolicy(Buffer.from(JSON.stringify({ expiration: EXPIRATION, conditions })).toString("base64"))
      .sizeRange;
  assert.equal(range(), undefined);
  assert.deepEqual(range(["content-length-range", 1, "10"], ["Content-Length-Range", 5, 20]), {
    min: 5,
    max: 10,
  });
});

test("expiry", async () => {
  const fields = form(policy(B, { key: "k" }), { key: "k" });
  const end = Date.parse(EXPIRATION);
  assert.equal((await run(fields, end - 1)).kind, "signed");
  assert.equal((await refusal(run(fields, end))).message, "Invalid according to Policy: Policy expired.");
});

test("fields of the claim", async () => {
  const good = form(policy(B, { key: "k" }), { key: "k" });
  const without = (name: string): Map<string, string> => new Map([...good].filter(([n]) => n !== name));
  for (const name of ["policy", "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Algorithm", "X-Amz-Date"]) {
    const error = await refusal(run(without(name.toLowerCase())));
    assert.equal(error.code, "InvalidArgument");
    assert.match(error.message, new RegExp(`^Bucket POST must contain a field named '${name}'`));
  }
  const withField = (name: string, value: string): Map<string, string> => new Map([...good, [name, value]]);
  for (const [name, value, code] of [
    ["x-amz-signature", "0".repeat(64), "SignatureDoesNotMatch"],
    ["x-amz-algorithm", "AWS4-HMAC-MD5", "InvalidArgument"],
    ["x-amz-algorithm", "AWS4-ECDSA-P256-SHA256", "InvalidRequest"],
    ["x-amz-credential", "a/b/c", "InvalidArgument"],
    ["x-amz-credential", "AKIAX/20130524/us-east-1/s3/aws4_request", "InvalidAccessKeyId"],
    ["x-amz-credential", `${ACCESS_KEY_ID}/20130524/eu-west-1/s3/aws4_request`, "InvalidArgument"],
    ["x-amz-credential", `${ACCESS_KEY_ID}/20130524/us-east-1/kms/aws4_request`, "InvalidArgument"],
    ["x-amz-date", "20130525T000000Z", "InvalidArgument"],
    ["x-amz-security-token", "x", "InvalidToken"],
    ["policy", "\u0141", "InvalidArgument"],
    ["awsaccesskeyid", ACCESS_KEY_ID, "InvalidRequest"],
  ] as const) {
    assert.equal((await refusal(run(withField(name, value)))).code, code, `${name}=${value}`);
  }
  assert.equal((await run(new Map([["key", "k"]]))).kind, "anonymous");
  for (const text of [good.get("policy") ?? "", ""]) {
    const unsigned = new Map([
      ["key", "k"],
      ["policy", text],
    ]);
    assert.equal((await refusal(run(unsigned))).code, DENIED);
  }
});

test("the key takes the file's name, literally", async () => {
  assert.equal(postKey(new Map([["key", "u/${filename}"]]), "$&.txt"), "u/$&.txt");
  const error = await refusal(() => postKey(new Map(), "a"));
  assert.equal(
    error.message,
    "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
  );
});

test("a form made by the SDK is accepted", async () => {
  const client = new S3Client({
    region: "us-east-1",
    endpoint: "http://127.0.0.1:9",
    forcePathStyle: true,
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET },
  });
  const { fields } = await createPresignedPost(client, {
    Bucket: "b",
    Key: "u/${filename}",
    Conditions: [["content-length-range", 1, 9]],
    Fields: { "x-amz-server-side-encryption": "aws:kms" },
  });
  const lower = new Map(Object.entries(fields).map(([n, v]) => [n.toLowerCase(), v]));
  lower.set("key", postKey(lower, "a.txt"));
  const result = await run(lower, Date.now());
  assert.deepEqual(result.kind === "signed" && result.sizeRange, { min: 1, max: 9 });
});
