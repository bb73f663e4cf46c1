import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
  type CORSRule,
  type S3Client,
} from "@aws-sdk/client-s3";
import { cpuMs } from "../../policy/testing.ts";
import { type RawAnswer, TestServer } from "../test/harness.ts";

let server: TestServer;
let s3: S3Client;
const Bucket = "bucket";
const APP = "https://app.example.com";
before(async () => {
  server = await TestServer.start();
  s3 = server.client();
  await server.makeBucket(Bucket);
});
after(async () => {
  s3.destroy();
  await server.stop();
});

const put = (...CORSRules: CORSRule[]) =>
  s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
const refusal = async (...rules: CORSRule[]): Promise<string> =>
  put(...rules).then(
    () => "accepted",
    (error: Error) => `${error.name}: ${error.message}`,
  );
const ask = (headers: Record<string, string>, path = "/bucket/key"): Promise<RawAnswer> =>
  server.send({ method: "OPTIONS", path, headers, anonymous: true });
const preflight = (origin: string, method: string, headers?: string, path?: string): Promise<RawAnswer> =>
  ask(
    {
      origin,
      "access-control-request-method": method,
      ...(headers === undefined ? {} : { "access-control-request-headers": headers }),
    },
    path,
  );

test("rules are put, shown as they were sent, replaced as a whole and deleted", async () => {
  await assert.rejects(s3.send(new GetBucketCorsCommand({ Bucket })), { name: "NoSuchCORSConfiguration" });
  const rules: CORSRule[] = [
    {
      ID: "app",
      AllowedOrigins: ["https://*.example.com", "http://localhost:3000"],
      AllowedMethods: ["PUT", "GET"],
      AllowedHeaders: ["x-amz-*", "Content-Type"],
      ExposeHeaders: ["ETag"],
      MaxAgeSeconds: 3000,
    },
    { AllowedOrigins: ["*"], AllowedMethods: ["HEAD"] },
  ];
  await put(...rules);
  assert.deepEqual((await s3.send(new GetBucketCorsCommand({ Bucket }))).CORSRules, rules);
  await put({ AllowedOrigins: ["*"], AllowedMethods: ["GET"], MaxAgeSeconds: 0 });
  assert.deepEqual((await s3.send(new GetBucketCorsCommand({ Bucket }))).CORSRules, [
    { AllowedOrigins: ["*"], AllowedMethods: ["GET"], MaxAgeSeconds: 0 },
  ]);
  await s3.send(new DeleteBucketCorsCommand({ Bucket }));
  await s3.send(new DeleteBucketCorsCommand({ Bucket }));
  await assert.rejects(s3.send(new GetBucketCorsCommand({ Bucket })), { name: "NoSuchCORSConfiguration" });
  server.refused.add("s3:PutBucketCORS");
  await assert.rejects(put(...rules), { name: "AccessDenied" });
  await assert.rejects(s3.send(new DeleteBucketCorsCommand({ Bucket })), { name: "AccessDenied" });
  server.refused.clear();
});

test("a document that S3 would refuse is refused with its words", async () => {
  const base = { AllowedOrigins: ["*"], AllowedMethods: ["GET"] };
  const many = (n: number): CORSRule[] => Array.from({ length: n }, () => base);
  assert.equal(await refusal(...many(100)), "accepted");
  assert.match(await refusal(...many(101)), /^InvalidRequest: The number of CORS rules/);
  assert.match(await refusal(), /^MalformedXML/);
  assert.match(await refusal({ AllowedOrigins: ["*"], AllowedMethods: undefined }), /^MalformedXML/);
  assert.match(await refusal({ ...base, AllowedOrigins: [] }), /^MalformedXML/);
  assert.match(await refusal({ ...base, AllowedOrigins: ["a\nb"] }), /^MalformedXML/);
  assert.match(await refusal({ ...base, ID: "x".repeat(256) }), /^MalformedXML/);
  assert.match(await refusal({ ...base, MaxAgeSeconds: -1 }), /^MalformedXML/);
  assert.equal(
    await refusal({ ...base, AllowedMethods: ["PATCH"] }),
    "InvalidRequest: Found unsupported HTTP method in CORS config. Unsupported method is PATCH",
  );
  assert.equal(
    await refusal({ ...base, AllowedOrigins: ["http://*.*.com"] }),
    'InvalidRequest: AllowedOrigin "http://*.*.com" can not have more than one wildcard.',
  );
  assert.match(await refusal({ ...base, AllowedHeaders: ["x-*-*"] }), /^InvalidRequest: AllowedHeader/);
  assert.match(
    await refusal({ ...base, ExposeHeaders: ["x-*"] }),
    /^InvalidRequest: ExposeHeader "x-\*" contains/,
  );
  const raw = async (body: string, headers: Record<string, string> = { "content-md5": "x" }) =>
    (await server.send({ method: "PUT", path: "/bucket?cors", body, headers })).element("Code");
  assert.equal(await raw("<CORSConfiguration/>", {}), "InvalidRequest");
  assert.equal(await raw("<CORSConfiguration/>"), "InvalidDigest");
});

test("a preflight without a bucket, rules, an origin or a method is refused as S3 refuses it", async () => {
  await s3.send(new DeleteBucketCorsCommand({ Bucket }));
  const off = await preflight(APP, "GET");
  assert.equal(off.status, 403);
  assert.equal(off.element("Code"), "AccessForbidden");
  assert.equal(off.element("Message"), "CORSResponse: CORS is not enabled for this bucket.");
  assert.equal(off.element("Method"), "GET");
  assert.equal(off.element("ResourceType"), "OBJECT");
  assert.equal((await preflight(APP, "GET", undefined, "/bucket")).element("ResourceType"), "BUCKET");
  const none = await preflight(APP, "GET", undefined, "/no-such-bucket/key");
  assert.equal(none.status, 403);
  assert.equal(none.element("Message"), "CORSResponse: Bucket not found");
  const blank = await ask({});
  assert.equal(blank.status, 400);
  assert.equal(blank.element("Message"), "Insufficient information. Origin request header needed.");
  const unnamed = await ask({ origin: APP });
  assert.equal(unnamed.status, 400);
  assert.equal(unnamed.element("Message"), "Invalid Access-Control-Request-Method: null");
  assert.equal((await preflight(APP, "PATCH")).status, 400);
});

test("a preflight is answered by the first rule that fits origin, method and headers", async () => {
  await put(
    { AllowedOrigins: ["https://*.example.com"], AllowedMethods: ["GET"] },
    {
      AllowedOrigins: [APP, "*.test"],
      AllowedMethods: ["PUT", "GET"],
      AllowedHeaders: ["X-Amz-*", "authorization"],
      ExposeHeaders: ["ETag", "x-amz-version-id"],
      MaxAgeSeconds: 600,
    },
    { AllowedOrigins: ["*"], AllowedMethods: ["HEAD"] },
  );
  const first = await preflight(APP, "GET");
  assert.equal(first.status, 200);
  assert.equal(first.text, "");
  assert.equal(first.headers["access-control-allow-origin"], APP);
  assert.equal(first.headers["access-control-allow-methods"], "GET");
  assert.equal(first.headers["access-control-max-age"], undefined);
  assert.equal(first.headers.vary, "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
  const second = await preflight(APP, "GET", "Authorization, x-amz-date,,X-AMZ-meta-a");
  assert.equal(second.status, 200);
  assert.equal(second.headers["access-control-allow-methods"], "PUT, GET");
  assert.equal(second.headers["access-control-allow-headers"], "authorization, x-amz-date, x-amz-meta-a");
  assert.equal(second.headers["access-control-expose-headers"], "ETag, x-amz-version-id");
  assert.equal(second.headers["access-control-max-age"], "600");
  assert.equal(second.headers["access-control-allow-credentials"], "true");
  const anyone = await preflight("null", "HEAD");
  assert.equal(anyone.headers["access-control-allow-origin"], "*");
  assert.equal(anyone.headers["access-control-allow-credentials"], undefined);
  for (const [origin, method, headers] of [
    [APP, "DELETE", undefined],
    [APP, "PUT", "x-other"],
    ["https://app.example.com.evil", "PUT", undefined],
    ["https://APP.example.com", "PUT", undefined],
    ["https://.example.co", "GET", undefined],
  ] as const) {
    const refused = await preflight(origin, method, headers);
    assert.equal(refused.status, 403, `${origin} ${method} ${headers}`);
    assert.match(refused.element("Message") ?? "", /^CORSResponse: This CORS request is not allowed\./);
    assert.equal(refused.headers["access-control-allow-origin"], undefined);
  }
});

test("answers to requests with an origin say what its page may see, failures too", async () => {
  await put({
    AllowedOrigins: [APP],
    AllowedMethods: ["GET"],
    ExposeHeaders: ["ETag"],
    MaxAgeSeconds: 5,
  });
  await s3.send(new PutObjectCommand({ Bucket, Key: "key", Body: "text" }));
  const get = (path: string, headers: Record<string, string>, anonymous = false): Promise<RawAnswer> =>
    server.send({ method: "GET", path, headers, anonymous });
  const good = await get("/bucket/key", { origin: APP });
  assert.equal(good.text, "text");
  assert.equal(good.headers["access-control-allow-origin"], APP);
  assert.equal(good.headers["access-control-expose-headers"], "ETag");
  assert.equal(good.headers["access-control-allow-methods"], "GET");
  assert.match(good.headers.vary ?? "", /^Origin, /);
  const missing = await get("/bucket/none", { origin: APP });
  assert.equal(missing.status, 404);
  assert.equal(missing.headers["access-control-allow-origin"], APP);
  const denied = await get("/bucket/key", { origin: APP }, true);
  assert.equal(denied.status, 403);
  assert.equal(denied.headers["access-control-allow-origin"], APP);
  const stranger = await get("/bucket/key", { origin: "https://other.example.com" });
  assert.equal(stranger.status, 200);
  assert.equal(stranger.headers["access-control-allow-origin"], undefined);
  assert.match(stranger.headers.vary ?? "", /^Origin, /);
  const plain = await get("/bucket/key", {});
  assert.equal(plain.headers.vary, undefined);
  assert.equal((await get("/absent/key", { origin: APP })).status, 404);
  assert.equal((await get("/", { origin: APP })).status, 200);
});

test("a preflight may name a hundred headers, each of which is looked at once", async () => {
  const AllowedHeaders = Array.from({ length: 1300 }, (_, i) => `X-H${i}-*`);
  await put({ AllowedOrigins: [APP], AllowedMethods: ["GET"], AllowedHeaders });
  const names = (count: number): string => Array.from({ length: count }, (_, i) => `x-h${i}-a`).join(",");
  const good = await preflight(APP, "GET", `${names(100)},${names(100)}`);
  assert.equal(good.headers["access-control-allow-headers"], names(100).replaceAll(",", ", "));
  assert.equal((await preflight(APP, "GET", names(101))).status, 403);
  const started = cpuMs();
  assert.equal((await preflight(APP, "GET", "x-h1299-a,".repeat(2500))).status, 200);
  assert.ok(cpuMs() - started < 150);
});
