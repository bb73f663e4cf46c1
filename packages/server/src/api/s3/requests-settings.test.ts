/** Buckets and their settings. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, beforeEach, test } from "node:test";
import { TestServer } from "../test/harness.ts";

const server = await TestServer.start();
await server.makeBucket();
beforeEach(() => server.reset());
after(() => server.stop());

const md5 = (text: string): string => createHash("md5").update(text).digest("base64");
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
