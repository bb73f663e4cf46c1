/** Bodies in and out: framing, integrity, ends that come too early. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { after, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { IntegrityError } from "../../base/errors.ts";
import { closeOf, exchange, TestServer } from "../test/harness.ts";

const server = await TestServer.start();
await server.makeBucket();
beforeEach(() => server.reset());
after(() => server.stop());
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
  await closeOf(socket);
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
