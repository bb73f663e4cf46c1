/** Reads: metadata, ranges, conditions, overrides, listings. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, beforeEach, test } from "node:test";
import { TestServer } from "../test/harness.ts";

const server = await TestServer.start();
await server.makeBucket();
beforeEach(() => server.reset());
after(() => server.stop());
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
