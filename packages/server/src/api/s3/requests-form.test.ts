/** What any request is held to: its address, its form, what every answer carries. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, beforeEach, test } from "node:test";
import { closeOf, exchange, TestServer } from "../test/harness.ts";

const server = await TestServer.start();
await server.makeBucket();
beforeEach(() => server.reset());
after(() => server.stop());
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
    socket.write(bytes);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await closeOf(socket);
    return text;
  };
  assert.match(await ask("NONSENSE\r\n\r\n"), /^HTTP\/1\.1 400 .*<Code>BadRequest<\/Code>/s);
  const long = await ask(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(40_000)}\r\n\r\n`);
  assert.match(long, /<Code>RequestHeaderSectionTooLarge<\/Code>/);
});
