/** Raw requests: what an SDK would not send, and what it hides of an answer. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { IntegrityError, ServiceError } from "../../base/errors.ts";
import { exchange, type RawAnswer, TestServer } from "../test/harness.ts";

let server: TestServer;
before(async () => {
  server = await TestServer.start({ slowTiming: { firstMs: 60, everyMs: 20 } });
  await server.makeBucket();
});
beforeEach(() => {
  server.refused.clear();
  server.store.before.clear();
  server.logged.length = 0;
  server.asked.length = 0;
});
after(() => server.stop());

const md5 = (text: string): string => createHash("md5").update(text).digest("base64");

test("every answer carries ids, date and server; errors are documents", async () => {
  const answer = await server.send({ method: "GET", path: "/bucket/none" });
  assert.equal(answer.status, 404);
  assert.match(String(answer.headers["x-amz-request-id"]), /^[0-9A-F]{16}$/);
  assert.equal(answer.headers["x-amz-id-2"], "host-id-of-the-tests");
  assert.equal(answer.headers.server, "Strongroom");
  assert.ok(answer.headers.date);
  assert.equal(answer.headers["content-type"], "application/xml");
  assert.equal(answer.element("Code"), "NoSuchKey");
  assert.equal(answer.element("Key"), "none");
  assert.equal(answer.element("RequestId"), answer.headers["x-amz-request-id"]);
  assert.equal(answer.element("HostId"), "host-id-of-the-tests");
});

test("HEAD errors have a status and no body", async () => {
  const answer = await server.send({ method: "HEAD", path: "/bucket/none" });
  assert.equal(answer.status, 404);
  assert.equal(answer.body.length, 0);
  assert.ok(answer.headers["x-amz-request-id"]);
});

test("keys are taken from the raw path", async () => {
  const long = "k".repeat(1024);
  for (const [path, key] of [
    ["/bucket//a", "/a"],
    ["/bucket/a/", "a/"],
    ["/bucket/a/../b", "a/../b"],
    ["/bucket/./a", "./a"],
    ["/bucket/a%2Fb", "a/b"],
    ["/bucket/a+b", "a+b"],
    ["/bucket/%00%01", "\u0000\u0001"],
    ["/bucket/%F0%9F%94%A5", "🔥"],
    ["/bucket/a?x=y", "a"],
    [`/bucket/${long}`, long],
  ] as const) {
    // What is signed is the path decoded and encoded once (spec access 1.2), however it was written.
    const headers = await server.sign({ method: "PUT", path: path.replace("%2F", "/").replace("+", "%2B") });
    const put = await exchange(server.port, { method: "PUT", path, body: "x" }, headers);
    assert.equal(put.status, 200, `${path}: ${put.text}`);
    assert.equal((server.store.seen.get("put") as { key: string }).key, key);
  }
  const tooLong = await server.send({ method: "PUT", path: `/bucket/${long}k`, body: "x" });
  assert.equal(tooLong.element("Code"), "KeyTooLongError");
  const bad = await exchange(server.port, { method: "GET", path: "/bucket/%ZZ" }, {});
  assert.equal(bad.element("Code"), "InvalidURI");
  const notUtf8 = await exchange(server.port, { method: "GET", path: "/bucket/%FF" }, {});
  assert.equal(notUtf8.element("Code"), "InvalidURI");
});

test("virtual-hosted buckets", async () => {
  await server.send({ method: "PUT", path: "/vhost.bucket" });
  const put = await server.send({
    method: "PUT",
    path: "/a//b",
    body: "x",
    headers: { host: `vhost.bucket.s3.test:${server.port}` },
  });
  assert.equal(put.status, 200, put.text);
  assert.equal((server.store.seen.get("put") as { key: string }).key, "a//b");
  const get = await server.send({ method: "GET", path: "/vhost.bucket/a//b" });
  assert.equal(get.text, "x");
});

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

test("a missing key is hidden from who may not list", async () => {
  server.refused.add("s3:ListBucket");
  const hidden = await server.send({ method: "GET", path: "/bucket/none" });
  assert.equal(hidden.status, 403);
  assert.match(hidden.element("Message") ?? "", /s3:ListBucket on resource: &quot;arn:aws:s3:::bucket&quot;/);
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

const REFUSED_PUTS: readonly (readonly [string, Record<string, string>, string])[] = [
  ["ACL", { "x-amz-acl": "public-read" }, "AccessControlListNotSupported"],
  ["grant", { "x-amz-grant-read": "id=x" }, "AccessControlListNotSupported"],
  ["storage class", { "x-amz-storage-class": "GLACIER" }, "InvalidStorageClass"],
  ["object lock", { "x-amz-object-lock-mode": "GOVERNANCE" }, "InvalidRequest"],
  ["append", { "x-amz-write-offset-bytes": "1" }, "NotImplemented"],
  ["unknown encryption header", { "x-amz-server-side-encryption-sparkle": "1" }, "InvalidArgument"],
  ["metadata", { "x-amz-meta-a": "x".repeat(2048) }, "MetadataTooLarge"],
  ["MD5", { "content-md5": "AAAA" }, "InvalidDigest"],
  ["MD5 characters", { "content-md5": "!!!!!!!!!!!!!!!!!!!!!!!!" }, "InvalidDigest"],
  ["checksum value", { "x-amz-checksum-crc32": "AAAA" }, "InvalidRequest"],
  [
    "two checksums",
    { "x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-crc32c": "AAAAAA==" },
    "InvalidRequest",
  ],
  ["checksum algorithm", { "x-amz-checksum-sha3": "AAAAAA==" }, "InvalidRequest"],
  ["sdk algorithm", { "x-amz-sdk-checksum-algorithm": "CRC99" }, "InvalidRequest"],
  [
    "sdk algorithm of another",
    { "x-amz-sdk-checksum-algorithm": "SHA1", "x-amz-checksum-crc32": "AAAAAA==" },
    "InvalidRequest",
  ],
  ["bad checksum", { "x-amz-checksum-crc32": "AAAAAA==" }, "BadDigest"],
  ["tags", { "x-amz-tagging": "a=1&a=2" }, "InvalidArgument"],
  ["tag escapes", { "x-amz-tagging": "a=%ZZ" }, "InvalidArgument"],
  [
    "too many tags",
    { "x-amz-tagging": Array.from({ length: 11 }, (_, i) => `k${i}=v`).join("&") },
    "BadRequest",
  ],
  ["system tag", { "x-amz-tagging": "aws:x=1" }, "InvalidTag"],
  ["if-none-match", { "if-none-match": '"abc"' }, "NotImplemented"],
];

test("what is not honoured is refused", async () => {
  for (const [name, headers, code] of REFUSED_PUTS) {
    const answer = await server.send({ method: "PUT", path: "/bucket/refused", body: "x", headers });
    assert.equal(answer.element("Code"), code, `${name}: ${answer.text}`);
  }
  const ok = await server.send({
    method: "PUT",
    path: "/bucket/accepted",
    body: "x",
    headers: {
      "x-amz-acl": "bucket-owner-full-control",
      "x-amz-storage-class": "STANDARD",
      "x-amz-request-payer": "requester",
    },
  });
  assert.equal(ok.status, 200, ok.text);
});

test("encryption headers on reads and parts are errors, whatever they say", async () => {
  await server.send({ method: "PUT", path: "/bucket/sse", body: "x" });
  for (const [method, path] of [
    ["GET", "/bucket/sse"],
    ["GET", "/bucket/sse?attributes"],
    ["PUT", "/bucket/sse?partNumber=1&uploadId=u"],
    ["POST", "/bucket/sse?uploadId=u"],
  ] as const) {
    for (const name of ["x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"]) {
      const headers = { [name]: "AES256", "x-amz-object-attributes": "ETag" };
      const answer = await server.send({ method, path, headers });
      assert.equal(answer.status, 400);
      assert.equal(answer.element("Message"), `${name} header is not supported for this operation.`);
      assert.equal(answer.element("ArgumentName"), name);
      assert.equal(answer.element("ArgumentValue"), "AES256");
    }
  }
  const head = await server.send({
    method: "HEAD",
    path: "/bucket/sse",
    headers: { "x-amz-server-side-encryption": "AES256" },
  });
  assert.equal(head.status, 400);
  assert.equal(head.body.length, 0);
  // A read of nothing is told so first (spec C.4).
  for (const path of ["/bucket/none", "/bucket/none?attributes"]) {
    const headers = { "x-amz-server-side-encryption": "AES256", "x-amz-object-attributes": "ETag" };
    assert.equal((await server.send({ method: "GET", path, headers })).element("Code"), "NoSuchKey");
  }
});

test("metadata: latin-1 bytes in, encoded words out", async () => {
  const value = Buffer.from("café", "utf8").toString("latin1");
  const put = request({
    host: "127.0.0.1",
    port: server.port,
    method: "PUT",
    path: "/bucket/meta",
    headers: { ...(await server.sign({ method: "PUT", path: "/bucket/meta" })), "content-length": "0" },
  });
  put.end();
  const [first] = await once(put, "response");
  first.resume();
  // Unsigned here for brevity; the value stands in the typed input as it came.
  const facts = server.store.objects.get("bucket")?.get("meta");
  assert.ok(facts !== undefined);
  facts.facts = { ...facts.facts, metadata: [["drink", value]] };
  const head = await server.send({ method: "HEAD", path: "/bucket/meta" });
  assert.equal(head.headers["x-amz-meta-drink"], "=?UTF-8?Q?caf=C3=83=C2=A9?=");
});

test("ranges: one is honoured, everything else ignored", async () => {
  await server.send({ method: "PUT", path: "/bucket/range", body: "0123456789" });
  const get = (range: string) => server.send({ method: "GET", path: "/bucket/range", headers: { range } });
  for (const [range, status, text] of [
    ["bytes=0-0", 206, "0"],
    ["bytes=8-", 206, "89"],
    ["bytes=-3", 206, "789"],
    ["bytes=5-100", 206, "56789"],
    ["bytes=5-4", 200, "0123456789"],
    ["bytes=0-1,3-4", 200, "0123456789"],
    ["lines=0-1", 200, "0123456789"],
    ["bytes=-", 200, "0123456789"],
    ["bytes=a-b", 200, "0123456789"],
  ] as const) {
    const answer = await get(range);
    assert.equal(answer.status, status, range);
    assert.equal(answer.text, text, range);
  }
  assert.equal((await get("bytes=10-")).element("Code"), "InvalidRange");
  const both = await server.send({
    method: "GET",
    path: "/bucket/range?partNumber=1",
    headers: { range: "bytes=0-1" },
  });
  assert.equal(both.element("Message"), "Cannot specify both Range header and partNumber query parameter");
  for (const part of ["0", "10001", "x", ""]) {
    const answer = await server.send({ method: "GET", path: `/bucket/range?partNumber=${part}` });
    assert.equal(answer.element("Code"), "InvalidArgument", part);
  }
});

test("not modified is an answer without a body", async () => {
  await server.send({ method: "PUT", path: "/bucket/cond", body: "hello" });
  const answer = await server.send({
    method: "GET",
    path: "/bucket/cond",
    headers: { "if-none-match": 'W/"x", "5d41402abc4b2a76b9719d911017c592"' },
  });
  assert.equal(answer.status, 304);
  assert.equal(answer.body.length, 0);
  assert.equal(answer.headers.etag, '"5d41402abc4b2a76b9719d911017c592"');
});

test("response overrides need a signature and plain text", async () => {
  await server.send({ method: "PUT", path: "/bucket/over", body: "x" });
  const signed = await server.send({ method: "GET", path: "/bucket/over?response-content-type=text%2Fx" });
  assert.equal(signed.headers["content-type"], "text/x");
  const bad = await server.send({ method: "GET", path: "/bucket/over?response-content-type=a%0D%0Ab" });
  assert.equal(bad.element("Code"), "InvalidArgument");
});

test("listing parameters", async () => {
  for (const query of [
    "max-keys=x",
    "max-keys=-1",
    "max-keys=99999999999",
    "encoding-type=base64",
    "list-type=2&continuation-token=",
    "list-type=2&continuation-token=made-up",
    "list-type=2&fetch-owner=maybe",
    "versions&version-id-marker=v",
    "versions&version-id-marker=&key-marker=k",
    "uploads&max-uploads=x",
  ]) {
    const answer = await server.send({ method: "GET", path: `/bucket?${query}` });
    assert.equal(answer.status, 400, query);
  }
  const none = await server.send({ method: "GET", path: "/bucket?max-keys=0" });
  assert.equal(none.element("IsTruncated"), "false");
  const capped = await server.send({ method: "GET", path: "/bucket?max-keys=5000" });
  assert.equal(capped.element("MaxKeys"), "1000");
});

test("settings that nobody set answer as AWS does; writing them is not implemented", async () => {
  for (const [query, code] of [
    ["lifecycle", "NoSuchLifecycleConfiguration"],
    ["website", "NoSuchWebsiteConfiguration"],
    ["replication", "ReplicationConfigurationNotFoundError"],
    ["object-lock", "ObjectLockConfigurationNotFoundError"],
  ] as const) {
    const answer = await server.send({ method: "GET", path: `/bucket?${query}` });
    assert.equal(answer.element("Code"), code);
    assert.equal(answer.status, 404);
    const write = await server.send({ method: "PUT", path: `/bucket?${query}`, body: "<X/>" });
    assert.equal(write.status, 501);
    assert.match(write.element("Message") ?? "", /^Put\w+ is not implemented$/);
  }
  for (const [query, root] of [
    ["logging", "BucketLoggingStatus"],
    ["accelerate", "AccelerateConfiguration"],
    ["notification", "NotificationConfiguration"],
    ["requestPayment", "RequestPaymentConfiguration"],
  ] as const) {
    const answer = await server.send({ method: "GET", path: `/bucket?${query}` });
    assert.equal(answer.status, 200);
    assert.ok(answer.text.includes(`<${root} `), answer.text);
  }
});

test("PutBucketEncryption: spec H.1", async () => {
  const put = async (inner: string, headers?: Record<string, string>) => {
    const body = `<ServerSideEncryptionConfiguration>${inner}</ServerSideEncryptionConfiguration>`;
    const answer = await server.send({
      method: "PUT",
      path: "/bucket?encryption",
      body,
      headers: headers ?? { "content-md5": md5(body) },
    });
    return answer.status === 200 ? "200" : answer.element("Code");
  };
  const rule = (inner: string): string => `<Rule>${inner}</Rule>`;
  const byDefault = (inner: string): string =>
    `<ApplyServerSideEncryptionByDefault>${inner}</ApplyServerSideEncryptionByDefault>`;
  const aes = byDefault("<SSEAlgorithm>AES256</SSEAlgorithm>");
  for (const [inner, expected] of [
    [rule(aes), "200"],
    [rule(`<BucketKeyEnabled>true</BucketKeyEnabled>${aes}`), "200"],
    [rule(byDefault("<SSEAlgorithm>aws:kms</SSEAlgorithm>")), "200"],
    [
      rule(byDefault("<KMSMasterKeyID>nope</KMSMasterKeyID><SSEAlgorithm>aws:kms:dsse</SSEAlgorithm>")),
      "200",
    ],
    [rule("<BlockedEncryptionTypes><EncryptionType>NONE</EncryptionType></BlockedEncryptionTypes>"), "200"],
    ["", "MalformedXML"],
    [rule(aes) + rule(aes), "MalformedXML"],
    [rule(""), "MalformedXML"],
    [rule("<BucketKeyEnabled>true</BucketKeyEnabled>"), "MalformedXML"],
    [rule(byDefault("<SSEAlgorithm>SSE-KMS</SSEAlgorithm>")), "MalformedXML"],
    [rule(byDefault("<SSEAlgorithm>aws:fsx</SSEAlgorithm>")), "MalformedXML"],
    [rule(byDefault("")), "MalformedXML"],
    [
      rule(byDefault("<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>")),
      "InvalidArgument",
    ],
    [
      rule(`${aes}<BlockedEncryptionTypes><EncryptionType>SSE-S3</EncryptionType></BlockedEncryptionTypes>`),
      "MalformedXML",
    ],
    [
      rule(
        `${aes}<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType><EncryptionType>NONE</EncryptionType></BlockedEncryptionTypes>`,
      ),
      "MalformedXML",
    ],
    [rule(`${aes}<BucketKeyEnabled>yes</BucketKeyEnabled>`), "MalformedXML"],
  ] as const) {
    assert.equal(await put(inner), expected, inner);
  }
  assert.equal(await put(rule(aes), {}), "InvalidRequest");
  assert.equal(await put(rule(aes), { "content-md5": md5("other") }), "BadDigest");
  const missing = await server.send({ method: "PUT", path: "/no-such-bucket?encryption", body: "<x" });
  assert.equal(missing.element("Code"), "NoSuchBucket");
});

test("bodies: length, chunked transfer, integrity", async () => {
  const headers = await server.sign({ method: "PUT", path: "/bucket/len" });
  const chunked = await exchange(
    server.port,
    { method: "PUT", path: "/bucket/len", body: "x" },
    { ...headers, "transfer-encoding": "chunked" },
  );
  assert.equal(chunked.status, 411, chunked.text);
  const huge = await server.sign({ method: "PUT", path: "/bucket/huge" });
  const tooLarge = await exchange(
    server.port,
    { method: "PUT", path: "/bucket/huge" },
    { ...huge, "content-length": String(6 * 1024 ** 3), expect: "100-continue" },
  );
  assert.equal(tooLarge.element("Code"), "EntityTooLarge");
});

test("100 Continue comes after rights and headers, and only then", async () => {
  const ask = async (headers: Record<string, string>): Promise<{ continued: boolean; status: number }> => {
    const signed = await server.sign({ method: "PUT", path: "/bucket/expect", headers });
    const req = request({
      host: "127.0.0.1",
      port: server.port,
      method: "PUT",
      path: "/bucket/expect",
      headers: { ...signed, expect: "100-continue", "content-length": "5" },
    });
    let continued = false;
    req.on("continue", () => {
      continued = true;
      req.end("hello");
    });
    req.flushHeaders();
    const [res] = await once(req, "response");
    res.resume();
    await once(res, "end");
    req.destroy();
    return { continued, status: res.statusCode };
  };
  assert.deepEqual(await ask({}), { continued: true, status: 200 });
  assert.deepEqual(await ask({ "x-amz-acl": "public-read" }), { continued: false, status: 400 });
  server.refused.add("s3:PutObject");
  assert.deepEqual(await ask({}), { continued: false, status: 403 });
});

test("an expectation that S3 does not know is ignored", async () => {
  const put = await server.send({
    method: "PUT",
    path: "/bucket/expect",
    body: "x",
    headers: { expect: "200-ok" },
  });
  assert.equal(put.status, 200, put.text);
});

test("aws-chunked with an unsigned trailer", async () => {
  const data = "hello trailer";
  const wire = `${data.length.toString(16)}\r\n${data}\r\n0\r\nx-amz-checksum-sha256:${createHash("sha256").update(data).digest("base64")}\r\n\r\n`;
  const send = (body: string) =>
    server.send({
      method: "PUT",
      path: "/bucket/trailer",
      body,
      headers: {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": String(data.length),
        "x-amz-trailer": "x-amz-checksum-sha256",
        "content-encoding": "aws-chunked",
      },
    });
  assert.equal((await send(wire)).status, 200);
  const get = await server.send({ method: "GET", path: "/bucket/trailer" });
  assert.equal(get.text, data);
  assert.equal(get.headers["content-encoding"], undefined);
  assert.equal((await send(wire.replace("hello", "jello"))).element("Code"), "BadDigest");
});

test("a client that goes away in the middle leaves nothing and hurts nobody", async () => {
  const signed = await server.sign({ method: "PUT", path: "/bucket/cut" });
  const req = request({
    host: "127.0.0.1",
    port: server.port,
    method: "PUT",
    path: "/bucket/cut",
    headers: { ...signed, "content-length": "100000" },
  });
  req.on("error", () => {});
  req.write("some");
  await sleep(50);
  req.destroy();
  await sleep(50);
  assert.equal(server.store.objects.get("bucket")?.has("cut"), false);
  assert.equal((await server.send({ method: "GET", path: "/bucket?max-keys=1" })).status, 200);
});

test("an early error of a large upload reaches the client, and the connection closes", async () => {
  const signed = await server.sign({
    method: "PUT",
    path: "/bucket/early",
    headers: { "x-amz-acl": "public-read" },
  });
  const socket = connect(server.port, "127.0.0.1");
  const lines = Object.entries({ ...signed, "content-length": String(2 ** 30) }).map(
    ([k, v]) => `${k}: ${v}`,
  );
  socket.write(`PUT /bucket/early HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  socket.write(Buffer.alloc(100_000));
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const feeding = setInterval(() => socket.write(Buffer.alloc(200_000)), 5);
  socket.on("error", () => {});
  await once(socket, "close");
  clearInterval(feeding);
  assert.match(text, /AccessControlListNotSupported/);
  assert.match(text, /Connection: close/i);
});

test("damage and bugs are InternalError with a request id; the log has the rest", async () => {
  await server.send({ method: "PUT", path: "/bucket/damaged", body: "x" });
  for (const error of [
    new IntegrityError("segment 0 does not authenticate"),
    new Error("INVARIANT: secret detail"),
  ]) {
    server.store.before.set("get", () => {
      throw error;
    });
    const answer = await server.send({ method: "GET", path: "/bucket/damaged" });
    assert.equal(answer.status, 500);
    assert.equal(answer.element("Code"), "InternalError");
    assert.ok(!answer.text.includes(error.message));
    const logged = server.logged.at(-1);
    assert.equal(logged?.fields?.["error"], error);
    assert.equal(logged?.fields?.["requestId"], answer.headers["x-amz-request-id"]);
  }
});

test("a body that fails in the middle destroys the socket", async () => {
  await server.send({ method: "PUT", path: "/bucket/broken", body: Buffer.alloc(200_000) });
  const { objects } = server.deps;
  const get = objects.get.bind(objects);
  objects.get = async (...args) => {
    const result = await get(...args);
    if (result.kind !== "object") return result;
    return {
      ...result,
      body: (async function* () {
        yield new Uint8Array(65_536);
        throw new IntegrityError("segment 1 does not authenticate");
      })(),
    };
  };
  try {
    await assert.rejects(
      server.send({ method: "GET", path: "/bucket/broken" }),
      /aborted|hang up|ECONNRESET/,
    );
    assert.equal(server.logged.at(-1)?.level, "error");
  } finally {
    objects.get = get;
  }
});

test("a slow copy answers 200 first, keeps alive, and reports what went wrong inside", async () => {
  await server.send({ method: "PUT", path: "/bucket/slow", body: "x" });
  const copy = () =>
    server.send({ method: "PUT", path: "/bucket/slow2", headers: { "x-amz-copy-source": "bucket/slow" } });
  server.store.before.set("copy", () => sleep(150));
  const good = await copy();
  assert.equal(good.status, 200);
  assert.match(good.text, /^<\?xml[^>]*\?>\n\n+<CopyObjectResult/);
  server.store.before.set("copy", async () => {
    await sleep(150);
    throw new ServiceError("SlowDown");
  });
  const bad = await copy();
  assert.equal(bad.status, 200);
  assert.equal(bad.element("Code"), "SlowDown");
  server.store.before.set("copy", () => {
    throw new ServiceError("PreconditionFailed");
  });
  assert.equal((await copy()).status, 412);
});

test("copy sources", async () => {
  await server.send({ method: "PUT", path: "/bucket/src", body: "x" });
  const copy = async (source: string, headers: Record<string, string> = {}) => {
    const answer = await server.send({
      method: "PUT",
      path: "/bucket/dst",
      headers: { "x-amz-copy-source": source, ...headers },
    });
    return answer.status === 200 ? "200" : answer.element("Code");
  };
  assert.equal(await copy("bucket/src"), "200");
  assert.equal(await copy("/bucket/src"), "200");
  assert.equal(await copy("bucket%2Fsrc"), "200");
  assert.equal(await copy("bucket"), "InvalidArgument");
  assert.equal(await copy("bucket/"), "InvalidArgument");
  assert.equal(await copy("bucket/%ZZ"), "InvalidArgument");
  assert.equal(await copy("no-such-bucket/src"), "NoSuchBucket");
  assert.equal(await copy("bucket/none"), "NoSuchKey");
  assert.equal(await copy("bucket/src", { "x-amz-metadata-directive": "MERGE" }), "InvalidArgument");
  assert.equal(await copy("bucket/src", { "x-amz-tagging-directive": "MERGE" }), "InvalidArgument");
  assert.equal(
    await copy("bucket/src", { "x-amz-source-expected-bucket-owner": "111111111111" }),
    "AccessDenied",
  );
  const range = await server.send({
    method: "PUT",
    path: "/bucket/dst?partNumber=1&uploadId=u",
    headers: { "x-amz-copy-source": "bucket/src", "x-amz-copy-source-range": "bytes=5-" },
  });
  assert.equal(range.element("ArgumentName"), "x-amz-copy-source-range");
});

test("DeleteObjects: per-key rights, quiet, limits, integrity", async () => {
  for (const key of ["d1", "d2", "d3"])
    await server.send({ method: "PUT", path: `/bucket/${key}`, body: "x" });
  const send = (body: string, headers?: Record<string, string>) =>
    server.send({
      method: "POST",
      path: "/bucket?delete",
      body,
      headers: headers ?? { "content-md5": md5(body) },
    });
  const object = (key: string): string => `<Object><Key>${key}</Key></Object>`;
  const answer = await send(`<Delete>${object("d1")}${object("d2")}<Quiet>true</Quiet></Delete>`);
  assert.equal(answer.status, 200);
  assert.ok(!answer.text.includes("<Deleted>"));
  server.refused.add("s3:DeleteObject");
  const denied = await send(`<Delete>${object("d3")}${object("")}</Delete>`);
  assert.equal(denied.status, 200);
  assert.match(denied.text, /<Error><Key>d3<\/Key><Code>AccessDenied<\/Code>/);
  assert.equal(server.store.objects.get("bucket")?.has("d3"), true);
  assert.equal((await send("<Delete></Delete>")).element("Code"), "MalformedXML");
  assert.equal((await send(`<Delete>${object("k").repeat(1001)}</Delete>`)).element("Code"), "MalformedXML");
  assert.equal((await send(`<Delete>${object("k")}</Delete>`, {})).element("Code"), "InvalidRequest");
});

test("CreateBucket: names, regions, headers", async () => {
  const create = async (path: string, body?: string, headers: Record<string, string> = {}) => {
    const answer = await server.send({
      method: "PUT",
      path,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    return answer.status === 200 ? "200" : answer.element("Code");
  };
  const at = (region: string): string =>
    `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
  assert.equal(await create("/made-here"), "200");
  assert.equal(await create("/Made"), "InvalidBucketName");
  assert.equal(await create("/made-2", at("eu-west-1")), "IllegalLocationConstraintException");
  assert.equal(await create("/made-2", at("us-east-1")), "InvalidLocationConstraint");
  assert.equal(await create("/made-2", "<X/>"), "MalformedXML");
  const tagged =
    "<CreateBucketConfiguration><Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags></CreateBucketConfiguration>";
  server.refused.add("s3:TagResource");
  assert.equal(await create("/made-tagged", tagged), "AccessDenied");
  server.refused.clear();
  assert.equal(await create("/made-tagged", tagged), "200");
  assert.deepEqual(server.store.buckets.get("made-tagged")?.tags, [{ key: "a", value: "b" }]);
  assert.equal(
    await create("/made-2", undefined, { "x-amz-acl": "public-read" }),
    "AccessControlListNotSupported",
  );
  assert.equal(
    await create("/made-2", undefined, { "x-amz-object-ownership": "ObjectWriter" }),
    "NotImplemented",
  );
  assert.equal(
    await create("/made-2", undefined, { "x-amz-bucket-object-lock-enabled": "true" }),
    "NotImplemented",
  );
  assert.equal(await create("/made-2", undefined, { "x-amz-bucket-object-lock-enabled": "false" }), "200");
});

test("service signatures other than S3's open nothing here", async () => {
  const answer = await exchange(
    server.port,
    { method: "GET", path: "/" },
    {
      host: "x",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDTESTKEY/20260101/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=00",
    },
  );
  assert.ok(answer.status >= 400);
});

test("what is no HTTP, or too much of it, gets an answer too", async () => {
  const ask = async (bytes: string): Promise<string> => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(bytes);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await once(socket, "close");
    return text;
  };
  assert.match(await ask("NONSENSE\r\n\r\n"), /^HTTP\/1\.1 400 .*<Code>BadRequest<\/Code>/s);
  const long = await ask(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(40_000)}\r\n\r\n`);
  assert.match(long, /<Code>RequestHeaderSectionTooLarge<\/Code>/);
});

test("what can't be sent back is not stored", async () => {
  const bad = await presignedPut("x-amz-meta-(a)=1");
  assert.equal(bad.element("Code"), "InvalidArgument", bad.text);
  const good = await presignedPut("x-amz-meta-drink=caf%C3%A9");
  assert.equal(good.status, 200, good.text);
  const head = await server.send({ method: "HEAD", path: "/bucket/hoisted" });
  assert.equal(head.headers["x-amz-meta-drink"], "=?UTF-8?Q?caf=C3=83=C2=A9?=");
});

/** A presigned PUT with one more parameter, as SDKs hoist headers. */
async function presignedPut(parameter: string): Promise<RawAnswer> {
  const path = `/bucket/hoisted?${parameter}`;
  return exchange(server.port, { method: "PUT", path: await server.presign("PUT", path), body: "x" }, {});
}
