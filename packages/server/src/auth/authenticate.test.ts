import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { test } from "node:test";
import fc from "fast-check";
import { AuthFailure } from "./auth-failure.ts";
import { authError } from "./auth-errors.ts";
import type { Credential } from "./credentials.ts";
import { parseTimestamp } from "./timestamp.ts";
import {
  ACCESS_KEY_ID,
  check,
  CREDENTIAL,
  HOST,
  NOW_MS,
  presign,
  refusal,
  SCOPE,
  signHeaders,
} from "./test/signer.ts";

const MINUTE = 60_000;
const at = (ms: number): { clock: { now(): number } } => ({ clock: { now: () => NOW_MS + ms } });

test("no credentials: anonymous", async () => {
  const result = await check("GET", "/b/k?x-amz-meta=1", ["Host", HOST]);
  assert.deepEqual(result.kind === "anonymous" && result.payload, { kind: "plain", size: 0 });
});

test("header signatures within 15 minutes either way, for S3", async () => {
  const raw = signHeaders({ target: "/b/k" });
  for (const [ms, ok] of [
    [0, true],
    [15 * MINUTE, true],
    [-15 * MINUTE, true],
    [15 * MINUTE + 1, false],
    [-15 * MINUTE - 1, false],
  ] as const) {
    if (ok) {
      const result = await check("GET", "/b/k", raw, at(ms));
      assert.equal(result.kind === "signed" && result.signatureAgeMs, ms);
    } else {
      const error = await refusal(check("GET", "/b/k", raw, at(ms)));
      assert.equal(error.code, "RequestTimeTooSkewed");
      assert.equal(error.elements.MaxAllowedSkewMilliseconds, "900000");
      assert.equal(error.elements.RequestTime, "20130524T000000Z");
    }
  }
});

test("5 minutes for the others, with the figure in the text", async () => {
  const raw = signHeaders({ method: "POST", target: "/", scope: { ...SCOPE, service: "kms" } });
  assert.equal((await check("POST", "/", raw, at(5 * MINUTE))).kind, "signed");
  const late = await refusal(check("POST", "/", raw, at(6 * MINUTE)));
  assert.equal(late.code, "InvalidSignatureException");
  assert.equal(
    late.message,
    "Signature expired: 20130524T000000Z is now earlier than 20130524T000100Z (20130524T000600Z - 5 min.)",
  );
  const early = await refusal(check("POST", "/", raw, at(-6 * MINUTE)));
  assert.equal(
    early.message,
    "Signature not yet current: 20130524T000000Z is still later than 20130523T235900Z (20130523T235400Z + 5 min.)",
  );
});

test("presigned: from 15 minutes before to the expiry", async () => {
  const target = presign("/b/k", { "X-Amz-Expires": "60" });
  for (const [ms, message] of [
    [-15 * MINUTE, ""],
    [60_000, ""],
    [60_001, "Request has expired"],
    [-15 * MINUTE - 1, "Request is not valid yet"],
  ] as const) {
    if (message === "") assert.equal((await check("GET", target, ["Host", HOST], at(ms))).kind, "signed");
    else {
      const error = await refusal(check("GET", target, ["Host", HOST], at(ms)));
      assert.deepEqual([error.code, error.message], ["AccessDenied", message]);
    }
  }
  const error = await refusal(check("GET", target, ["Host", HOST], at(61_000)));
  assert.deepEqual(error.elements, {
    "X-Amz-Expires": "60",
    Expires: "2013-05-24T00:01:00Z",
    ServerTime: "2013-05-24T00:01:01Z",
  });
});

test("presigned: parameters that are missing or wrong", async () => {
  const good = presign("/b/k");
  for (const [target, message] of [
    [good.replace(/&X-Amz-Expires=\d+/, ""), /requires the X-Amz-Algorithm/],
    [good.replace(/X-Amz-Algorithm=[^&]+&/, ""), /requires the X-Amz-Algorithm/],
    [good.replace(/&X-Amz-Signature=.*/, ""), /requires the X-Amz-Algorithm/],
    [presign("/b/k", { "X-Amz-Expires": "604801" }), /less than a week/],
    [presign("/b/k", { "X-Amz-Expires": "-1" }), /non-negative/],
    [presign("/b/k", { "X-Amz-Expires": "0" }), /at least one/],
    [presign("/b/k", { "X-Amz-Expires": "ten" }), /should be a number/],
    [presign("/b/k", { "X-Amz-Date": "2013-05-24" }), /ISO8601/],
    [presign("/b/k", { "X-Amz-Algorithm": "AWS4-HMAC-SHA1" }), /only supports/],
    [presign("/b/k", { "X-Amz-Credential": "a/b" }), /mal-formed/],
    [presign("/b/k", { "X-Amz-Credential": `${ACCESS_KEY_ID}/20130524/us-east-1/s3/aws5` }), /terminal/],
    [
      presign("/b/k", { "X-Amz-Credential": `${ACCESS_KEY_ID}/20130525/us-east-1/s3/aws4_request` }),
      /not the same/,
    ],
    [
      presign("/b/k", { "X-Amz-Credential": `${ACCESS_KEY_ID}/20130524/eu-west-1/s3/aws4_request` }),
      /the region/,
    ],
    [
      presign("/b/k", { "X-Amz-Credential": `${ACCESS_KEY_ID}/20130524/us-east-1/ec2/aws4_request` }),
      /service/,
    ],
    [presign("/b/k?x-amz-date=20130524T000000Z"), /more than once/],
    [presign("/b/k", {}, { host: HOST }, "GET", ["x-amz-date"]), /host/],
  ] as const) {
    const error = await refusal(check("GET", target, ["Host", HOST]));
    assert.equal(error.code, "AuthorizationQueryParametersError", target);
    assert.match(error.message, message);
  }
});

test("presigned: a header that is not signed is refused and named", async () => {
  const error = await refusal(
    check("PUT", presign("/b/k", {}, { host: HOST }, "PUT"), [
      "Host",
      HOST,
      "x-amz-server-side-encryption",
      "AES256",
      "X-Amz-Acl",
      "private",
    ]),
  );
  assert.equal(error.message, "There were headers present in the request which were not signed");
  assert.deepEqual(error.elements, { HeadersNotSigned: "x-amz-server-side-encryption, x-amz-acl" });
});

test("presigned: a signed header that is not sent does not match", async () => {
  const target = presign("/b/k", {}, { host: HOST, "x-amz-acl": "private" }, "PUT");
  assert.equal((await refusal(check("PUT", target, ["Host", HOST]))).code, "SignatureDoesNotMatch");
});

test("presigned: hoisted parameters are headers, the context is ignored, customer keys refused", async () => {
  const hoisted = {
    "X-Amz-Server-Side-Encryption": "aws:kms",
    "x-amz-server-side-encryption-context": "e30=",
  };
  const target = presign("/b/k", hoisted, { host: HOST }, "PUT");
  const result = await check("PUT", target, ["Host", HOST]);
  assert.ok(result.kind === "signed");
  assert.equal(result.headers.get("x-amz-server-side-encryption"), "aws:kms");
  assert.equal(result.headers.get("x-amz-server-side-encryption-context"), undefined);
  assert.equal(result.headers.get("x-amz-signature"), undefined);
  assert.equal(result.headers.get("x-amz-date"), undefined);

  const headers = { host: HOST, "x-amz-server-side-encryption": "AES256" };
  const both = presign("/b/k", { "x-amz-server-side-encryption": "AES256" }, headers, "PUT");
  assert.equal((await check("PUT", both, Object.entries(headers).flat())).kind, "signed");
  const repeated = presign("/b/k", { "x-amz-server-side-encryption": "AES256" }, { host: HOST }, "PUT");
  assert.equal((await check("PUT", repeated, Object.entries(headers).flat())).kind, "signed");
  const other = presign("/b/k", { "x-amz-server-side-encryption": "aws:kms" }, { host: HOST }, "PUT");
  assert.equal((await refusal(check("PUT", other, Object.entries(headers).flat()))).code, "AccessDenied");
  const torn = presign("/b/k", { "x-amz-server-side-encryption": "aws:kms" }, headers, "PUT");
  assert.equal((await refusal(check("PUT", torn, Object.entries(headers).flat()))).code, "InvalidRequest");
  const leaked = presign("/b/k", { "x-amz-server-side-encryption-customer-key": "secretkey" });
  assert.equal((await refusal(check("GET", leaked, ["Host", HOST]))).code, "InvalidRequest");
});

test("malformed authorization headers", async () => {
  const [credential, signed, signature] = [
    `Credential=${ACCESS_KEY_ID}/20130524/us-east-1/s3/aws4_request`,
    "SignedHeaders=host;x-amz-content-sha256;x-amz-date",
    `Signature=${"0".repeat(64)}`,
  ];
  const base = ["Host", HOST, "x-amz-date", "20130524T000000Z", "x-amz-content-sha256", "UNSIGNED-PAYLOAD"];
  for (const [value, code] of [
    ["AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed"],
    [`AWS4-HMAC-SHA256 ${credential}`, "AuthorizationHeaderMalformed"],
    [`AWS4-HMAC-SHA256 ${credential}, ${signed}`, "AuthorizationHeaderMalformed"],
    [`AWS4-HMAC-SHA256 ${signed}, ${signature}`, "AuthorizationHeaderMalformed"],
    [`AWS4-HMAC-SHA256 ${credential}, ${signed}, ${signature}, X=1`, "AuthorizationHeaderMalformed"],
    [
      `AWS4-HMAC-SHA256 ${credential}, ${credential}, ${signed}, ${signature}`,
      "AuthorizationHeaderMalformed",
    ],
    [
      `AWS4-HMAC-SHA256 ${credential.replace("20130524", "2013")}, ${signed}, ${signature}`,
      "AuthorizationHeaderMalformed",
    ],
    [
      `AWS4-HMAC-SHA256 ${credential.replace("20130524", "20130525")}, ${signed}, ${signature}`,
      "AuthorizationHeaderMalformed",
    ],
    [`AWS4-HMAC-SHA256 ${credential}/x, ${signed}, ${signature}`, "AuthorizationHeaderMalformed"],
    [`AWS4-HMAC-SHA256 ${credential}, SignedHeaders=range, ${signature}`, "AuthorizationHeaderMalformed"],
    [`AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host;;x, ${signature}`, "AuthorizationHeaderMalformed"],
    [`AWS4-HMAC-SHA256 ${signature},${credential},${signed}`, "SignatureDoesNotMatch"],
    [`AWS4-HMAC-SHA256 ${signature}0, ${credential}, ${signed}`, "SignatureDoesNotMatch"],
    ["AWS AKIA:c2ln", "InvalidRequest"],
    ["AWS4-ECDSA-P256-SHA256 Credential=x", "InvalidRequest"],
    ["Bearer token", "InvalidArgument"],
    ["", "InvalidArgument"],
  ] as const) {
    const error = await refusal(check("GET", "/b/k", [...base, "Authorization", value]));
    assert.equal(error.code, code, value);
  }
  for (const query of ["AWSAccessKeyId=a&Signature=b&Expires=1", "Signature=b"]) {
    assert.equal((await refusal(check("GET", `/b/k?${query}`, ["Host", HOST]))).code, "InvalidRequest");
  }
  const two = await refusal(check("GET", presign("/b/k"), [...base, "Authorization", "AWS4-HMAC-SHA256 x"]));
  assert.match(two.message, /^Only one auth mechanism allowed/);
});

test("wrong region and service name what would be right", async () => {
  const raw = signHeaders({ target: "/b/k", scope: { ...SCOPE, region: "eu-west-1" } });
  const region = await refusal(check("GET", "/b/k", raw));
  assert.equal(region.code, "AuthorizationHeaderMalformed");
  assert.equal(
    region.message,
    "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-east-1'",
  );
  assert.deepEqual(region.elements, { Region: "us-east-1" });
  const service = await refusal(
    check("GET", "/", signHeaders({ target: "/", scope: { ...SCOPE, service: "ec2" } })),
  );
  assert.match(service.message, /incorrect service "ec2"/);
  const kms = await refusal(
    check("POST", "/", signHeaders({ target: "/", scope: { ...SCOPE, service: "kms", region: "x" } })),
  );
  assert.equal(kms.code, "InvalidSignatureException");
});

test("times: Date stands in for x-amz-date; neither is refused", async () => {
  for (const date of ["Fri, 24 May 2013 00:00:00 GMT", "20130524T000000Z"]) {
    const dated = signHeaders({ target: "/b/k", headers: { date } });
    assert.equal((await check("GET", "/b/k", dated)).kind, "signed");
  }
  for (const date of ["Thu, 24 May 2013 00:00:00 GMT", "2013-05-24", "today"]) {
    const error = await refusal(check("GET", "/b/k", signHeaders({ target: "/b/k", headers: { date } })));
    assert.equal(error.code, "AccessDenied");
  }
  const raw = signHeaders({ target: "/b/k", headers: { "x-amz-date": "20130524" } });
  const none = await refusal(check("GET", "/b/k", raw));
  assert.deepEqual(
    [none.code, none.message],
    ["AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"],
  );
});

test("a missing or unknown payload hash", async () => {
  const raw = signHeaders({ target: "/b/k" });
  const i = raw.indexOf("x-amz-content-sha256");
  const missing = await refusal(check("GET", "/b/k", raw.toSpliced(i, 2)));
  assert.equal(missing.message, "Missing required header for this request: x-amz-content-sha256");
  for (const value of ["", "x", "UNSIGNED", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "toString"]) {
    const wrong = signHeaders({ target: "/b/k", headers: { "x-amz-content-sha256": value } });
    assert.equal((await refusal(check("GET", "/b/k", wrong))).code, "InvalidArgument", value);
  }
});

test("unknown and inactive keys are alike", async () => {
  const raw = signHeaders({ target: "/b/k", accessKeyId: "AKIAUNKNOWN" });
  const unknown = await refusal(check("GET", "/b/k", raw));
  assert.deepEqual(
    [unknown.code, unknown.elements],
    ["InvalidAccessKeyId", { AWSAccessKeyId: "AKIAUNKNOWN" }],
  );
  const lookup = (): Promise<Credential<string>> => Promise.resolve({ ...CREDENTIAL, active: false });
  const inactive = await refusal(check("GET", "/b/k", signHeaders({ target: "/b/k" }), { lookup }));
  assert.equal(inactive.code, "InvalidAccessKeyId");
});

test("session tokens: needed, right, and in time", async () => {
  const session = { token: "the-token", expiresAtMs: NOW_MS + 1000 };
  const lookup = (): Promise<Credential<string>> => Promise.resolve({ ...CREDENTIAL, session });
  const raw = (headers: Record<string, string>): string[] => signHeaders({ target: "/b/k", headers });
  const token = { "x-amz-security-token": "the-token" };
  assert.equal((await check("GET", "/b/k", raw(token), { lookup })).kind, "signed");
  for (const [headers, deps, code] of [
    [{}, { lookup }, "InvalidAccessKeyId"],
    [{ "x-amz-security-token": "other" }, { lookup }, "InvalidToken"],
    [token, { lookup, ...at(1000) }, "ExpiredToken"],
    [token, {}, "InvalidToken"],
    [token, { lookup: () => Promise.resolve("invalid-token" as const) }, "InvalidToken"],
  ] as const) {
    assert.equal((await refusal(check("GET", "/b/k", raw(headers), deps))).code, code);
  }
  const url = presign("/b/k", { "X-Amz-Security-Token": "the-token" });
  assert.equal((await check("GET", url, ["Host", HOST], { lookup })).kind, "signed");
  assert.equal(
    (await refusal(check("GET", presign("/b/k"), ["Host", HOST], { lookup }))).code,
    "InvalidAccessKeyId",
  );
});

test("a header-signed request signs all its x-amz-* headers", async () => {
  const raw = signHeaders({
    target: "/b/k",
    headers: { "x-amz-meta-a": "1" },
    unsigned: ["x-amz-meta-a"],
  });
  const error = await refusal(check("GET", "/b/k", raw));
  assert.deepEqual([error.code, error.elements.HeadersNotSigned], ["AccessDenied", "x-amz-meta-a"]);
});

test("the signature's echo shows no customer key, wherever it stands", async () => {
  const key = "c2VjcmV0c2VjcmV0c2VjcmV0";
  const raw = signHeaders({
    target: "/b/k",
    headers: {
      "x-amz-server-side-encryption-customer-key": key,
      "x-amz-copy-source-server-side-encryption-customer-key": key,
      "x-amz-server-side-encryption-customer-key-md5": "visible",
    },
  });
  const failure = await check("PUT", "/b/k", raw).then(
    () => assert.fail(),
    (error: unknown) => error,
  );
  assert.ok(failure instanceof AuthFailure);
  assert.ok(!inspect(failure, { depth: 9 }).includes(key));
  const error = authError(failure);
  assert.equal(error.code, "SignatureDoesNotMatch");
  const hex = Buffer.from(key)
    .toString("hex")
    .replaceAll(/(..)(?!$)/g, "$1 ");
  for (const text of Object.values(error.elements)) assert.ok(!text.includes(key) && !text.includes(hex));
  assert.match(error.elements.CanonicalRequest ?? "", /customer-key:REDACTED\n.*customer-key-md5:visible/s);
  assert.match(error.elements.CanonicalRequestBytes ?? "", /^50 55 54 0a /);
  assert.match(error.elements.StringToSign ?? "", /^AWS4-HMAC-SHA256\n20130524T000000Z\n/);
});

test("a trusted proxy may have rewritten the host", async () => {
  const raw = signHeaders({ target: "/b/k", headers: { host: "store.example.com" } });
  raw[1] = "10.0.0.7:9000";
  assert.equal((await refusal(check("GET", "/b/k", raw))).code, "SignatureDoesNotMatch");
  const trustedHosts = ["other.example.com", "store.example.com"];
  assert.equal((await check("GET", "/b/k", raw, { trustedHosts })).kind, "signed");
});

test("an unsigned body needs TLS, or what stands for it", async () => {
  for (const value of ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]) {
    const headers = {
      "x-amz-content-sha256": value,
      "content-length": "3",
      "x-amz-decoded-content-length": "3",
    };
    const raw = signHeaders({ method: "PUT", target: "/b/k", headers });
    assert.equal((await check("PUT", "/b/k", raw)).kind, "signed");
    assert.equal((await refusal(check("PUT", "/b/k", raw, { secure: false }))).code, "InvalidArgument");
  }
  const get = signHeaders({ target: "/b/k", headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } });
  assert.equal((await check("GET", "/b/k", get, { secure: false })).kind, "signed");
});

test("services other than S3 sign the body itself", async () => {
  const body = Buffer.from('{"KeyId":"x"}');
  const sha256 = createHash("sha256").update(body).digest("hex");
  const scope = { ...SCOPE, service: "kms" };
  const raw = signHeaders({
    method: "POST",
    target: "/",
    scope,
    headers: { "x-amz-content-sha256": sha256 },
  });
  const result = await check("POST", "/", raw, { body });
  assert.deepEqual(result.payload, { kind: "buffered", body });
  const other = await refusal(check("POST", "/", raw, { body: Buffer.from("{}") }));
  assert.equal(other.code, "InvalidSignatureException");
  const unsigned = signHeaders({
    method: "POST",
    target: "/",
    scope,
    headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
  });
  assert.equal((await refusal(check("POST", "/", unsigned, { body }))).code, "InvalidSignatureException");
});

test("each protocol has its own codes", () => {
  const failure = (reason: AuthFailure["reason"]): AuthFailure => new AuthFailure(reason);
  const rows = [
    [
      { kind: "missing" },
      "AccessDenied",
      "MissingAuthenticationTokenException",
      "MissingAuthenticationToken",
    ],
    [
      { kind: "unknown-access-key", accessKeyId: "a" },
      "InvalidAccessKeyId",
      "UnrecognizedClientException",
      "InvalidClientTokenId",
    ],
    [{ kind: "invalid-token" }, "InvalidToken", "UnrecognizedClientException", "InvalidClientTokenId"],
    [{ kind: "expired-token" }, "ExpiredToken", "ExpiredTokenException", "ExpiredToken"],
    [{ kind: "missing-date" }, "AccessDenied", "IncompleteSignatureException", "IncompleteSignature"],
    [
      { kind: "malformed", place: "header", detail: "d" },
      "AuthorizationHeaderMalformed",
      "IncompleteSignatureException",
      "IncompleteSignature",
    ],
    [
      { kind: "mismatch", accessKeyId: "a", signature: "s", stringToSign: "t" },
      "SignatureDoesNotMatch",
      "InvalidSignatureException",
      "SignatureDoesNotMatch",
    ],
  ] as const;
  for (const [reason, s3, json, query] of rows) {
    assert.equal(authError(failure(reason), "s3").code, s3);
    assert.equal(authError(failure(reason), "json").code, json);
    assert.equal(authError(failure(reason), "query").code, query);
  }
  assert.equal(authError(failure({ kind: "expired-token" }), "query").status, 403);
  assert.equal(authError(failure({ kind: "expired-token" }), "s3").status, 400);
});

test("one changed bit in method, path, query, signed header or signature is refused", async () => {
  const target = "/bucket/some%20key/x?versionId=abc&partNumber=7";
  const raw = signHeaders({
    method: "PUT",
    target,
    headers: { range: "bytes=0-9", "x-amz-meta-a": "value" },
  });
  const wire = (method: string, path: string, headers: readonly string[]): Promise<unknown> =>
    check(method, path, headers);
  await wire("PUT", target, raw);
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 1 + raw.length }),
      fc.nat(),
      fc.nat({ max: 6 }),
      async (which, where, bit) => {
        const flip = (text: string): string => {
          const bytes = Buffer.from(text, "latin1");
          const i = where % bytes.length;
          bytes[i] = (bytes[i] ?? 0) ^ (1 << bit);
          return bytes.toString("latin1");
        };
        const parts = ["PUT", target, ...raw];
        const changed = parts.with(which, flip(parts[which] ?? ""));
        const [method = "", path = "", ...headers] = changed;
        // Names have no case; a blank at an edge is no part of a value; `%2f` is `%2F`.
        const same = (a: string, b: string): boolean => a.toLowerCase().trim() === b.toLowerCase().trim();
        const isName = which >= 2 && which % 2 === 0;
        const before = parts[which] ?? "";
        if ((isName || which === 1) && same(changed[which] ?? "", before)) return;
        const result = await wire(method, path, headers).then(
          (r) => r,
          () => "refused",
        );
        // A changed name of the Authorization header leaves an unsigned request, which is answered as one.
        if (before === "Authorization") return;
        assert.equal(result, "refused");
      },
    ),
    { numRuns: 2000 },
  );
});

test("timestamps are real instants", () => {
  for (const text of [
    "20130230T000000Z",
    "20131301T000000Z",
    "20130524T240000Z",
    "20130524T006000Z",
    "2013052 T000000Z",
    "20130524t000000Z",
    "",
  ]) {
    assert.equal(parseTimestamp(text), undefined, text);
  }
  assert.equal(parseTimestamp("20240229T235959Z")?.ms, Date.UTC(2024, 1, 29, 23, 59, 59));
});
