/** Who may: rights before facts, and the conditions that rules see. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, beforeEach, test } from "node:test";
import { exchange, TestServer } from "../test/harness.ts";

const server = await TestServer.start();
await server.makeBucket();
beforeEach(() => server.reset());
after(() => server.stop());

const md5 = (text: string): string => createHash("md5").update(text).digest("base64");
test("who asks is settled before what is there", async () => {
  const unknown = await server.send({
    method: "GET",
    path: "/no-such-bucket",
    anonymous: true,
    headers: {
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDNOBODY/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00",
    },
  });
  assert.equal(unknown.status >= 400 && unknown.element("Code") !== "NoSuchBucket", true, unknown.text);
  const missing = await server.send({ method: "GET", path: "/no-such-bucket" });
  assert.equal(missing.element("Code"), "NoSuchBucket");
  assert.equal(missing.element("BucketName"), "no-such-bucket");
});

test("a tampered request is SignatureDoesNotMatch with what was computed", async () => {
  const headers = await server.sign({ method: "GET", path: "/bucket/a" });
  const answer = await exchange(server.port, { method: "GET", path: "/bucket/b" }, headers);
  assert.equal(answer.status, 403);
  assert.equal(answer.element("Code"), "SignatureDoesNotMatch");
  assert.match(answer.element("CanonicalRequest") ?? "", /\/bucket\/b/);
});

test("denials name principal, action and resource; anonymous callers learn nothing", async () => {
  server.refused.add("s3:GetObject");
  const denied = await server.send({ method: "GET", path: "/bucket/a%20b" });
  assert.equal(denied.status, 403);
  assert.equal(
    denied.element("Message"),
    "User: arn:aws:iam::000000000000:root is not authorized to perform: s3:GetObject on resource: &quot;arn:aws:s3:::bucket/a b&quot; because no identity-based policy allows the s3:GetObject action",
  );
  const anonymous = await server.send({ method: "GET", path: "/bucket/a", anonymous: true });
  assert.equal(anonymous.element("Message"), "Access Denied");
});

test("DeleteObjects without credentials or a policy is refused before its body is read", async () => {
  server.refused.add("s3:DeleteObject");
  const body = "this is no XML";
  const answer = await server.send({
    method: "POST",
    path: "/bucket?delete",
    anonymous: true,
    body,
    headers: { "content-md5": md5(body) },
  });
  assert.equal(answer.status, 403, answer.text);
  assert.equal(answer.element("Code"), "AccessDenied");
});

test("a missing key is hidden from who may not list", async () => {
  server.refused.add("s3:ListBucket");
  const hidden = await server.send({ method: "GET", path: "/bucket/none" });
  assert.equal(hidden.status, 403);
  assert.match(hidden.element("Message") ?? "", /s3:ListBucket on resource: &quot;arn:aws:s3:::bucket&quot;/);
});

test("conditions in a presigned query are what rules see, and If-Match asks for the read as well", async () => {
  const etag = "5d41402abc4b2a76b9719d911017c592";
  for (const [method, query, actions, [key, value]] of [
    ["PUT", "If-None-Match=*", ["s3:PutObject"], ["s3:if-none-match", "*"]],
    ["PUT", `if-match=${etag}`, ["s3:PutObject", "s3:GetObject"], ["s3:if-match", etag]],
    ["DELETE", `If-Match=${etag}`, ["s3:DeleteObject", "s3:GetObject"], ["s3:if-match", etag]],
    // No condition of a read: a rule must not take it for one.
    ["GET", `If-Match=${etag}`, ["s3:GetObject"], ["s3:if-match", undefined]],
  ] as const) {
    server.asked.length = 0;
    const path = await server.presign(method, `/bucket/conditional?${query}`);
    await server.send({ method, path, anonymous: true });
    for (const action of actions) {
      const asked = server.asked.find((a) => a.action === action);
      assert.ok(asked !== undefined, `${method} ${query}: ${action}`);
      assert.equal(asked.conditions.get(key), value, `${method} ${query}`);
    }
  }
});

test("a denial wins over every fault of the request", async () => {
  server.refused.add("s3:PutObject");
  const answer = await server.send({
    method: "PUT",
    path: "/bucket/x",
    body: "x",
    headers: {
      "x-amz-server-side-encryption": "nonsense",
      "content-md5": "nonsense",
      "x-amz-acl": "public-read",
    },
  });
  assert.equal(answer.element("Code"), "AccessDenied");
  const asked = server.asked.find((a) => a.action === "s3:PutObject");
  assert.equal(asked?.conditions.get("s3:x-amz-server-side-encryption"), "nonsense");
  assert.equal(asked?.conditions.get("s3:x-amz-acl"), "public-read");
  assert.equal(asked?.conditions.get("aws:securetransport"), "false");
  assert.equal(asked?.conditions.get("s3:objectcreationoperation"), "true");
  assert.equal(asked?.conditions.get("s3:x-amz-server-side-encryption-aws-kms-key-id"), undefined);
});

test("conditions of parts are those of the upload", async () => {
  const created = await server.send({
    method: "POST",
    path: "/bucket/up?uploads",
    headers: {
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:us-east-1:000000000000:key/k",
    },
  });
  server.asked.length = 0;
  await server.send({
    method: "PUT",
    path: `/bucket/up?partNumber=1&uploadId=${created.element("UploadId")}`,
    body: "x",
  });
  const conditions = server.asked[0]?.conditions;
  assert.equal(conditions?.get("s3:x-amz-server-side-encryption"), "aws:kms");
  assert.equal(
    conditions?.get("s3:x-amz-server-side-encryption-aws-kms-key-id"),
    "arn:aws:kms:us-east-1:000000000000:key/k",
  );
  assert.equal(conditions?.get("s3:objectcreationoperation"), "false");
});

test("conditions of UpdateObjectEncryption are those of its body, and its faults come after the rights", async () => {
  const arn = "arn:aws:kms:us-east-1:000000000000:key/k";
  const send = (inner: string) => {
    const body = `<ObjectEncryption>${inner}</ObjectEncryption>`;
    return server.send({
      method: "PUT",
      path: "/bucket/u?encryption",
      body,
      headers: { "content-md5": md5(body) },
    });
  };
  await send(`<SSE-KMS><KMSKeyArn>${arn}</KMSKeyArn></SSE-KMS>`);
  const asked = server.asked.find((a) => a.action === "s3:UpdateObjectEncryption");
  assert.equal(asked?.conditions.get("s3:x-amz-server-side-encryption"), "aws:kms");
  assert.equal(asked?.conditions.get("s3:x-amz-server-side-encryption-aws-kms-key-id"), arn);
  for (const [inner, message] of [
    [
      "<SSE-S3/>",
      /^Requests that modify an object encryption configuration require a valid new encryption type/,
    ],
    ["", /require a valid new encryption type/],
    ["<SSE-C/>", /doesn't support updating the encryption type to DSSE-KMS or SSE-C/],
    ["<SSE-KMS/>", /require an AWS KMS key Amazon Resource Name/],
    ["<SSE-KMS><KMSKeyArn>alias/x</KMSKeyArn></SSE-KMS>", /require a valid AWS KMS key Amazon Resource Name/],
    [
      `<SSE-KMS><KMSKeyArn>${arn}</KMSKeyArn><BucketKeyEnabled>x</BucketKeyEnabled></SSE-KMS>`,
      /^The BucketKeyEnabled value isn't valid/,
    ],
  ] as const) {
    const answer = await send(inner);
    assert.equal(answer.element("Code"), "InvalidRequest", answer.text);
    assert.match(answer.element("Message") ?? "", message);
  }
  server.refused.add("s3:UpdateObjectEncryption");
  assert.equal((await send("<SSE-S3/>")).element("Code"), "AccessDenied");
});

test("actions follow versions, tags and copies", async () => {
  const actions = (): string[] =>
    server.asked.map((a) => `${a.action} ${a.resource.replace("arn:aws:s3:::", "")}`);
  await server.send({ method: "GET", path: "/bucket/a?versionId=v" });
  assert.equal(actions()[0], "s3:GetObjectVersion bucket/a");
  server.asked.length = 0;
  await server.send({ method: "PUT", path: "/bucket/a", body: "", headers: { "x-amz-tagging": "a=b" } });
  assert.deepEqual(actions(), ["s3:PutObject bucket/a", "s3:PutObjectTagging bucket/a"]);
  assert.equal(server.asked[0]?.conditions.get("s3:requestobjecttag/a"), "b");
  server.asked.length = 0;
  await server.send({
    method: "PUT",
    path: "/bucket/b",
    headers: { "x-amz-copy-source": "/bucket/a?versionId=v" },
  });
  assert.deepEqual(actions(), [
    "s3:GetObjectVersion bucket/a",
    "s3:GetObjectVersionTagging bucket/a",
    "s3:PutObjectTagging bucket/b",
    "s3:PutObject bucket/b",
  ]);
});

test("expected owner", async () => {
  const owner = (value: string) => ({ "x-amz-expected-bucket-owner": value });
  assert.equal(
    (await server.send({ method: "GET", path: "/bucket", headers: owner("000000000000") })).status,
    200,
  );
  assert.equal(
    (await server.send({ method: "GET", path: "/bucket", headers: owner("111111111111") })).status,
    403,
  );
  assert.equal((await server.send({ method: "GET", path: "/bucket", headers: owner("x") })).status, 400);
});
