/**
 * Requests that mean ill or come broken: a typed error each, nothing half-visible, and a store that goes on. Bytes go over
 * a bare socket where an HTTP client would mend them.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { call, type Headers } from "./call.ts";
import { pattern } from "./encryption/row.ts";
import { ok, refused } from "./expect.ts";
import { sha256, timestampOf } from "./wire.ts";
import { startWorld } from "./world.ts";

const world = await startWorld();
const { s3 } = world;
const wire = world.plainWire;
const Bucket = await world.bucket();
const workers = world.served.children();
const missing = async (Key: string): Promise<void> => {
  assert.equal(
    (await call(s3, new HeadObjectCommand({ Bucket, Key }))).status,
    404,
    `${Key} must not be there`,
  );
};

/** Writes pieces, then reads until the other side closes, or for `waitMs`. */
async function socket(pieces: readonly (string | Uint8Array | number)[], waitMs = 3000): Promise<string> {
  const [host = "", port = ""] = world.served.address.split(":");
  const conn = connect(Number(port), host);
  let text = "";
  conn.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
  conn.on("error", () => undefined);
  // Not `once(conn, "close")`: that rejects when the other side resets the connection.
  const closed = new Promise((resolve) => conn.once("close", resolve));
  await once(conn, "connect");
  for (const piece of pieces) {
    if (typeof piece === "number") await sleep(piece);
    else conn.write(piece);
  }
  await Promise.race([closed, sleep(waitMs, undefined, { ref: false })]);
  conn.destroy();
  return text;
}
function head(method: string, path: string, headers: Headers): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}
const signedHead = (path: string, headers: Headers, payload = "UNSIGNED-PAYLOAD"): string =>
  head("PUT", path, wire.headersOf({ method: "PUT", path, headers, payload }));

test("what is not HTTP", async () => {
  for (const bytes of ["\x16\x03\x01\x02\x00\x01", "GET\r\n\r\n", `${"x".repeat(100_000)}\r\n\r\n`]) {
    const text = await socket([bytes]);
    assert.ok(text === "" || text.startsWith("HTTP/1.1 4"), text.slice(0, 100));
  }
  const smuggled =
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  assert.match(await socket([smuggled]), /^HTTP\/1\.1 4/);
});

test("header floods", async () => {
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`x-h${i}`, "v"]));
  assert.match(await socket([head("GET", "/", { host: "x", ...many })]), /^HTTP\/1\.1 4/);
  assert.match(await socket([head("GET", "/", { host: "x", long: "v".repeat(60_000) })]), /^HTTP\/1\.1 4/);
  const metadata = { "x-amz-meta-a": "v".repeat(2100) };
  refused(
    await call(s3, new PutObjectCommand({ Bucket, Key: "meta", Body: "x" }), metadata),
    400,
    "MetadataTooLarge",
  );
  assert.match(await socket([`GET /${"a".repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`]), /^HTTP\/1\.1 4/);
});

test("odd targets and hosts", async () => {
  for (const path of [`/${Bucket}/%`, `/${Bucket}/%ZZ`, `/${Bucket}/%FF`, `/${Bucket}?%`]) {
    const answer = await wire.exchange({ method: "GET", path }, { host: wire.options.address });
    assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
  }
  const long = await wire.send({ method: "PUT", path: `/${Bucket}/${"k".repeat(1025)}`, body: "x" });
  refused(long, 400, "KeyTooLongError");
  // NULs are escaped in the record store; a key of them outgrows its row.
  const nul = await wire.send({ method: "PUT", path: `/${Bucket}/${"%00".repeat(1000)}`, body: "x" });
  refused(nul, 400, "KeyTooLongError");
  const patch = await wire.send({ method: "PATCH", path: `/${Bucket}/k` });
  refused(patch, 405, "MethodNotAllowed");
});

test("wrong signatures, unknown keys, old clocks, other regions and services", async () => {
  const plan = { method: "GET", path: `/${Bucket}` };
  const good = wire.headersOf(plan);
  const send = (headers: Headers) => wire.exchange(plan, headers);
  ok(await send(good));
  const authorization = good["authorization"] ?? "";
  const change = (from: string | RegExp, to: string) =>
    send({ ...good, authorization: authorization.replace(from, to) });
  refused(await change(/Signature=./, "Signature=g"), 403, "SignatureDoesNotMatch");
  refused(await change("test-root", "nobody"), 403, "InvalidAccessKeyId");
  refused(await change("us-east-1", "eu-west-1"), 400, "AuthorizationHeaderMalformed");
  refused(await change("/s3/", "/ec2/"), 400, "AuthorizationHeaderMalformed");
  assert.equal((await change("AWS4-HMAC-SHA256", "AWS")).status, 400);
  assert.equal((await change(/, SignedHeaders.*/, "")).status, 400);
  refused(await send({ ...good, "x-amz-meta-more": "1" }), 403, "AccessDenied");
  const old = wire.headersOf(plan, timestampOf(new Date(Date.now() - 20 * 60_000)));
  refused(await send(old), 403, "RequestTimeTooSkewed");
  refused(await wire.send({ ...plan, sign: false }), 403, "AccessDenied");
});

test("bodies that are not what their hash says", async () => {
  const path = `/${Bucket}/hash`;
  const answer = await wire.send({ method: "PUT", path, body: "hello", payload: sha256("other") });
  refused(answer, 400, "XAmzContentSHA256Mismatch");
  await missing("hash");
});

test("bodies shorter than declared, cut in the middle, longer than declared", async () => {
  const cut = await socket(
    [signedHead(`/${Bucket}/cut`, { "content-length": "100000" }), "x".repeat(5000)],
    300,
  );
  assert.ok(!cut.startsWith("HTTP/1.1 200"));
  const body = pattern(3_000_000);
  const large = signedHead(`/${Bucket}/large-cut`, { "content-length": String(body.length) });
  await socket([large, body.subarray(0, 2_000_000)], 300);
  const text = await socket([
    signedHead(`/${Bucket}/longer`, { "content-length": "5", connection: "close" }),
    "hello and more",
  ]);
  // What follows the body is no request: the answer may come before that is seen, or be that.
  assert.match(text, /^HTTP\/1\.1 (200|400)/);
  const got = await wire.send({ method: "GET", path: `/${Bucket}/longer` });
  assert.ok(got.status === 404 || got.text === "hello", got.text);
  await sleep(100);
  await missing("cut");
  await missing("large-cut");
  const none = await socket([signedHead(`/${Bucket}/none`, { connection: "close" })]);
  assert.ok(none.includes("MissingContentLength"), none);
  const tooLarge = { "content-length": String(6 * 1024 ** 3), expect: "100-continue", connection: "close" };
  assert.ok((await socket([signedHead(`/${Bucket}/huge`, tooLarge)])).includes("EntityTooLarge"));
});

test("a slow body arrives whole; one that says nothing holds nobody up", async () => {
  const slow = socket(
    [
      signedHead(`/${Bucket}/slow`, { "content-length": "5", connection: "close" }),
      "h",
      200,
      "el",
      200,
      "lo",
    ],
    5000,
  );
  const silent = socket([signedHead(`/${Bucket}/silent`, { "content-length": "5" })], 600);
  ok(await call(s3, new PutObjectCommand({ Bucket, Key: "meanwhile", Body: "x" })));
  assert.match(await slow, /^HTTP\/1\.1 200/);
  assert.equal(await silent, "");
  await missing("silent");
});

// ---------------------------------------------------------------- aws-chunked

interface Chunked {
  readonly key: string;
  readonly chunks: readonly string[];
  readonly declared?: number;
  /** Changes the framed body before it goes out. */
  readonly spoil?: (body: string) => string;
  readonly trailer?: readonly [name: string, value: string];
}
const SEED_PAYLOAD = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

/** A body of signed chunks (spec access 1.5), by the suites' own signer. */
async function sendChunked({ key, chunks, declared, spoil = (body) => body, trailer }: Chunked) {
  const path = `/${Bucket}/${key}`;
  const size = declared ?? chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const payload = trailer === undefined ? SEED_PAYLOAD : `${SEED_PAYLOAD}-TRAILER`;
  const timestamp = timestampOf(new Date());
  const headers = wire.headersOf(
    {
      method: "PUT",
      path,
      payload,
      headers: {
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": String(size),
        ...(trailer === undefined ? {} : { "x-amz-trailer": trailer[0] }),
      },
    },
    timestamp,
  );
  let previous = /Signature=(\w+)/.exec(headers["authorization"] ?? "")?.[1] ?? "";
  let body = "";
  for (const chunk of [...chunks, ""]) {
    const text = [
      `AWS4-HMAC-SHA256-PAYLOAD`,
      timestamp,
      wire.scope(timestamp),
      previous,
      sha256(""),
      sha256(chunk),
    ];
    previous = wire.signText(timestamp, text.join("\n"));
    body += `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${chunk}${chunk === "" ? "" : "\r\n"}`;
  }
  if (trailer !== undefined) {
    const line = `${trailer[0]}:${trailer[1]}`;
    const text = [
      "AWS4-HMAC-SHA256-TRAILER",
      timestamp,
      wire.scope(timestamp),
      previous,
      sha256(`${line}\n`),
    ];
    body += `${line}\r\nx-amz-trailer-signature:${wire.signText(timestamp, text.join("\n"))}\r\n`;
  }
  return wire.exchange({ method: "PUT", path, body: spoil(`${body}\r\n`) }, headers);
}
const CHUNKS = ["a".repeat(8192), "b".repeat(8192), "tail"];
const WHOLE_SHA256 = createHash("sha256").update(CHUNKS.join("")).digest("base64");

test("signed chunks and trailers", async () => {
  ok(await sendChunked({ key: "chunked", chunks: CHUNKS }));
  assert.equal((await wire.send({ method: "GET", path: `/${Bucket}/chunked` })).text, CHUNKS.join(""));
  const head = await call(s3, new HeadObjectCommand({ Bucket, Key: "chunked" }));
  assert.equal(head.headers["content-encoding"], undefined);
  ok(await sendChunked({ key: "trailed", chunks: CHUNKS, trailer: ["x-amz-checksum-sha256", WHOLE_SHA256] }));
});

test("chunks that were tampered with, reordered, dropped, cut, or lie about their size", async () => {
  const rows: readonly (readonly [string, number, string | undefined, Omit<Chunked, "key" | "chunks">])[] = [
    ["content", 403, "SignatureDoesNotMatch", { spoil: (b) => b.replace("bbbb", "bbbc") }],
    [
      "signature",
      403,
      "SignatureDoesNotMatch",
      {
        spoil: (b) => b.replace(/(?<=chunk-signature=)./, (first) => (first === "0" ? "1" : "0")),
      },
    ],
    ["no-signature", 400, undefined, { spoil: (b) => b.replace(/;chunk-signature=\w+/, "") }],
    ["size", 400, undefined, { spoil: (b) => b.replace("2000;", "zz;") }],
    ["negative", 400, undefined, { spoil: (b) => b.replace("2000;", "-1;") }],
    ["declared-more", 400, "IncompleteBody", { declared: 20_000 }],
    ["declared-less", 400, undefined, { declared: 100 }],
    [
      "last-missing",
      400,
      "IncompleteBody",
      { spoil: (b) => b.replace(/0;chunk-signature=\w+\r\n\r\n$/, "") },
    ],
    ["after-end", 400, undefined, { spoil: (b) => `${b}4;chunk-signature=${"0".repeat(64)}\r\nmore\r\n` }],
    [
      "trailer-value",
      400,
      "BadDigest",
      { trailer: ["x-amz-checksum-sha256", WHOLE_SHA256.replace(/^./, (c) => (c === "A" ? "B" : "A"))] },
    ],
    [
      "trailer-signature",
      403,
      "SignatureDoesNotMatch",
      {
        trailer: ["x-amz-checksum-sha256", WHOLE_SHA256],
        spoil: (b) => b.replace(/(trailer-signature:)../, "$1zz"),
      },
    ],
  ];
  for (const [key, status, code, options] of rows) {
    const answer = await sendChunked({ key, chunks: CHUNKS, ...options });
    assert.equal(answer.status, status, `${key}: ${answer.status} ${answer.code} ${answer.message}`);
    if (code !== undefined) assert.equal(answer.code, code, key);
    await missing(key);
  }
  const small = await sendChunked({ key: "small", chunks: ["tiny", "a".repeat(8192)] });
  refused(small, 400, "InvalidChunkSizeError");
});

// ---------------------------------------------------------------- XML

test("documents that are bombs, too deep, too large, of another kind", async () => {
  const post = (body: string) =>
    wire.send({
      method: "POST",
      path: `/${Bucket}?delete`,
      body,
      headers: { "content-md5": createHash("md5").update(body).digest("base64") },
    });
  const bomb = `<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>`;
  for (const body of [
    bomb,
    `<Delete>${"<a>".repeat(1000)}${"</a>".repeat(1000)}</Delete>`,
    `<Delete><Object a="${"x".repeat(1000)}"></Object></Delete>`,
    "<?xml version='1.0' encoding='utf-16'?><Delete/>",
    "\u0000\u0001",
  ]) {
    const answer = await post(body);
    refused(answer, 400, "MalformedXML");
  }
  const large = await post(`<Delete>${" ".repeat(3 * 1024 ** 2)}</Delete>`);
  assert.ok([400, 413].includes(large.status), `${large.status}`);
  // Small enough, but of nothing but tags: parsing it would hold up everybody else.
  refused(await post(`<Delete>${"<a/>".repeat(120_000)}</Delete>`), 400, "MalformedXML");
});

test("keys and metadata with control characters come back as they were", async () => {
  for (const key of ["%01%02", "%0D%0A", "%E2%80%AE", "%EF%BF%BE", "..%2F..%2Fetc", "%3Cscript%3E"]) {
    const canonical = key.replaceAll("%2F", "/");
    ok(await wire.send({ method: "PUT", path: `/${Bucket}/${canonical}`, body: key }));
    assert.equal((await wire.send({ method: "GET", path: `/${Bucket}/${canonical}` })).text, key);
  }
  const listed = ok(await wire.send({ method: "GET", path: `/${Bucket}?list-type=2&encoding-type=url` }));
  assert.ok(listed.text.includes("<Key>%01%02</Key>"), listed.text.slice(0, 500));
  const header = Buffer.from("café", "utf8").toString("latin1");
  ok(await call(s3, new PutObjectCommand({ Bucket, Key: "latin", Body: "x", Metadata: { a: "caf\u00e9" } })));
  assert.ok(header.length === 5);
});

test("no worker fell over", () => {
  assert.deepEqual(world.served.children(), workers);
});

test("what is stored while requests to other services are refused opens afterwards", async () => {
  const { address, credentials } = wire.options;
  const [host = "", port = ""] = address.split(":");
  const body = Buffer.alloc(300_000, "stored beside what is refused ");
  for (const service of ["sts", "iam", "kms", "cloudtrail"]) {
    const path = `/${Bucket}/${service}`;
    const signed = wire.headersOf({ method: "PUT", path, body });
    const headers = { ...signed, "content-length": String(body.length), expect: "100-continue" };
    const put = httpRequest({ host, port: Number(port), method: "PUT", path, headers, agent: false });
    const answered: Promise<IncomingMessage[]> = once(put, "response");
    put.flushHeaders();
    // Its signature has been verified; what its body needs is derived later.
    await once(put, "continue");
    const timestamp = timestampOf(new Date());
    const names = "host;x-amz-content-sha256;x-amz-date";
    const scope = `${timestamp.slice(0, 8)}/us-east-1/${service}/aws4_request`;
    const refusal = await wire.exchange(
      { method: "POST", path: "/", body: "Action=GetCallerIdentity&Version=2011-06-15" },
      {
        host: address,
        "content-type": "application/x-www-form-urlencoded",
        "x-amz-date": timestamp,
        // Not the body's.
        "x-amz-content-sha256": "0".repeat(64),
        authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${"0".repeat(64)}`,
      },
    );
    assert.ok(refusal.status === 400 || refusal.status === 403, `${service}: ${refusal.status}`);
    put.end(body);
    const [answer] = await answered;
    assert.equal(answer?.statusCode, 200);
    answer?.resume();
    const got = ok(await call(world.s3, new GetObjectCommand({ Bucket, Key: service })));
    assert.ok(got.body.equals(body));
  }
});
