/** Published signatures (spec access 1.3), every row. */
import assert from "node:assert/strict";
import { createHmac, createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { openBody } from "./request-body.ts";
import { SigningKey, SigningSecret } from "./signing-key.ts";
import { EMPTY_SHA256 } from "./sigv4.ts";
import { ACCESS_KEY_ID, check, HOST, SCOPE, SECRET_HANDLE, TIMESTAMP } from "./test/signer.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const authorization = (signed: string, signature: string): string =>
  `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signed},Signature=${signature}`;

const ROWS = [
  {
    name: "GET with a range",
    method: "GET",
    target: "/test.txt",
    headers: {
      Host: HOST,
      Range: "bytes=0-9",
      "x-amz-content-sha256": EMPTY_SHA256,
      "x-amz-date": TIMESTAMP,
    },
    signed: "host;range;x-amz-content-sha256;x-amz-date",
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  {
    name: "PUT with a dollar in the key",
    method: "PUT",
    target: "/test$file.text",
    headers: {
      Host: HOST,
      Date: "Fri, 24 May 2013 00:00:00 GMT",
      "x-amz-date": TIMESTAMP,
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": sha256("Welcome to Amazon S3."),
    },
    signed: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  },
  {
    name: "GET ?lifecycle",
    method: "GET",
    target: "/?lifecycle",
    headers: { Host: HOST, "x-amz-date": TIMESTAMP, "x-amz-content-sha256": EMPTY_SHA256 },
    signed: "host;x-amz-content-sha256;x-amz-date",
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  },
  {
    name: "GET list",
    method: "GET",
    target: "/?max-keys=2&prefix=J",
    headers: { Host: HOST, "x-amz-date": TIMESTAMP, "x-amz-content-sha256": EMPTY_SHA256 },
    signed: "host;x-amz-content-sha256;x-amz-date",
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  },
] as const;

for (const row of ROWS) {
  test(`vector: ${row.name}`, async () => {
    const raw = [
      ...Object.entries(row.headers).flat(),
      "Authorization",
      authorization(row.signed, row.signature),
    ];
    const result = await check(row.method, row.target, raw);
    assert.equal(result.kind, "signed");
  });
}

test("vector: presigned GET", async () => {
  const target = `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${ACCESS_KEY_ID}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=${TIMESTAMP}&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`;
  const result = await check("GET", target, ["Host", HOST]);
  assert.ok(result.kind === "signed" && result.how === "presigned");
});

const CHUNK_SIGNATURES = [
  "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
  "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
  "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
];

test("vector: signed chunks", async () => {
  const headers = {
    Host: "s3.amazonaws.com",
    "x-amz-date": TIMESTAMP,
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "Content-Encoding": "aws-chunked",
    "x-amz-decoded-content-length": "66560",
    "Content-Length": "66824",
  };
  const signed =
    "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class";
  const seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
  const raw = [...Object.entries(headers).flat(), "Authorization", authorization(signed, seed)];
  const result = await check("PUT", "/examplebucket/chunkObject.txt", raw);
  const wire = Buffer.from(
    `10000;chunk-signature=${CHUNK_SIGNATURES[0]}\r\n${"a".repeat(65536)}\r\n` +
      `400;chunk-signature=${CHUNK_SIGNATURES[1]}\r\n${"a".repeat(1024)}\r\n` +
      `0;chunk-signature=${CHUNK_SIGNATURES[2]}\r\n\r\n`,
  );
  const body = openBody(
    (async function* () {
      yield wire;
    })(),
    result.payload,
  );
  assert.equal(Buffer.from(await body.collect()).toString(), "a".repeat(66560));
});

test("vector: signed chunks and a trailer", async () => {
  const headers = {
    Host: "s3.amazonaws.com",
    "x-amz-date": TIMESTAMP,
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "Content-Encoding": "aws-chunked",
    "x-amz-decoded-content-length": "66560",
    "x-amz-trailer": "x-amz-checksum-crc32c",
  };
  const signed =
    "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer";
  const seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
  const raw = [...Object.entries(headers).flat(), "Authorization", authorization(signed, seed)];
  const result = await check("PUT", "/examplebucket/chunkObject.txt", raw);
  assert.ok(result.kind === "signed" && result.payload.kind === "chunked");
  const { chain } = result.payload;
  // The first two chunk signatures are not in the contract's table; they follow from the seed.
  const key = SECRET_HANDLE.signingKey(SCOPE);
  const chunk = (previous: string, data: string): string =>
    key.sign(
      `AWS4-HMAC-SHA256-PAYLOAD\n${TIMESTAMP}\n20130524/us-east-1/s3/aws4_request\n${previous}\n${EMPTY_SHA256}\n${sha256(data)}`,
    );
  const first = chunk(seed, "a".repeat(65536));
  const second = chunk(first, "a".repeat(1024));
  chain?.verifyChunk(first, sha256("a".repeat(65536)));
  chain?.verifyChunk(second, sha256("a".repeat(1024)));
  chain?.verifyChunk("2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992", EMPTY_SHA256);
  chain?.verifyTrailer(
    "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
    "x-amz-checksum-crc32c:sOO8/Q==\n",
  );
  assert.ok(chain !== undefined);
});

test("vector: the signing key", () => {
  const key = Buffer.from("dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378", "hex");
  const mac = createHmac("sha256", key).update("text").digest("hex");
  assert.equal(SECRET_HANDLE.signingKey(SCOPE).sign("text"), mac);
});

test("the one-shot HMAC is HMAC-SHA256 at every size", () => {
  for (const size of [0, 1, 55, 56, 63, 64, 65, 300, 4031, 4032, 4033, 70_000]) {
    const key = randomBytes(32);
    const text = randomBytes(size).toString("base64url").slice(0, size);
    assert.equal(new SigningKey(key).sign(text), createHmac("sha256", key).update(text).digest("hex"));
  }
});

test("a secret prints nothing", async () => {
  const { inspect } = await import("node:util");
  const secret = SigningSecret.from(Buffer.from("topsecrettopsecret"));
  assert.doesNotMatch(inspect(secret, { showHidden: true, depth: 9 }) + JSON.stringify(secret), /topsecret/);
});
