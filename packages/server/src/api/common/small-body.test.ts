/** Bodies that are read before anybody is known, and those of the socket: in however small pieces they come. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, connect, Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fail, ServiceError } from "../../base/errors.ts";
import { LONGER_BODIES_BYTES_MAX } from "../../base/limits.ts";
import { cpuMs } from "../../policy/testing.ts";
import { SocketSource } from "./request-body.ts";
import { type BodyRefusals, Gathered, readSmallBody } from "./small-body.ts";

test("pieces are kept as their bytes alone; a single one stays as it came", () => {
  const slab = Buffer.alloc(64 * 1024, 1);
  const one = new Gathered();
  one.add(slab.subarray(5, 10));
  assert.equal(one.bytes.buffer, slab.buffer);
  const many = new Gathered();
  for (let i = 0; i < 100_000; i++) many.add(Uint8Array.of(i & 255));
  assert.equal(many.length, 100_000);
  assert.ok(many.bytes.buffer.byteLength <= 200_000);
  assert.ok(many.bytes.every((byte, i) => byte === (i & 255)));
  one.add(Uint8Array.of(2));
  assert.deepEqual([...one.bytes], [1, 1, 1, 1, 1, 2]);
  assert.equal(slab[10], 1, "nothing is written behind a piece");
});

const REFUSALS: BodyRefusals = {
  tooLong: () => fail("SerializationException"),
  crowded: () => fail("ThrottlingException"),
};

/** Answers with the body's length, or with the error's code. */
async function start(t: TestContext, bytesMax: number, msMax: number): Promise<Socket> {
  const server = createServer((req, res) => {
    readSmallBody(req, bytesMax, REFUSALS, msMax)
      .then((body) => String(body.length))
      .catch((error: unknown) => (error instanceof ServiceError ? error.code : "another"))
      .then((text) => res.end(text));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  t.after(() => {
    socket.destroy();
    server.close();
  });
  return socket;
}

async function answerOn(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk) => (text += String(chunk)));
  for (const untilMs = Date.now() + 10_000; !/\r\n\r\n.*[a-z0-9]/i.test(text); await sleep(5))
    assert.ok(Date.now() < untilMs && !socket.closed, `no answer: ${text}`);
  return text;
}

const head = (length: number): string => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;

test("a body that is whole is read; a longer one is answered", async (t) => {
  const whole = await start(t, 100_000, 30_000);
  whole.write(head(100_000) + "a".repeat(100_000));
  assert.match(await answerOn(whole), /100000/);
  const long = await start(t, 1000, 30_000);
  long.write(head(100_000) + "a".repeat(1001));
  assert.match(await answerOn(long), /SerializationException/);
});

test("a body that trickles for too long ends with RequestTimeout", async (t) => {
  const socket = await start(t, 1000, 50);
  socket.write(head(1000));
  const trickle = setInterval(() => socket.write("a"), 10);
  t.after(() => clearInterval(trickle));
  assert.match(await answerOn(socket), /RequestTimeout/);
});

test("bodies longer than most share what there is for them; short ones are read all the same", async () => {
  const LONG = 1024 ** 2;
  /** One that is here but for its last byte. */
  const held = () => {
    const req = new IncomingMessage(new Socket());
    req.push(new Uint8Array(LONG - 1));
    return { req, reading: readSmallBody(req, LONG, REFUSALS) };
  };
  const fits = Math.floor(LONGER_BODIES_BYTES_MAX / LONG);
  const all = Array.from({ length: fits }, held);
  await sleep(5);
  const crowded = (error: unknown): boolean =>
    error instanceof ServiceError && error.code === "ThrottlingException";
  await assert.rejects(held().reading, crowded);
  assert.equal((await readSmallBody(pieces(1000), LONG, REFUSALS)).length, 1000);
  for (const { req } of all) {
    req.push(Uint8Array.of(1));
    req.push(null);
  }
  for (const { reading } of all) assert.equal((await reading).length, LONG);
  // Whatever became of them, their share is there again.
  const next = held();
  next.req.push(Uint8Array.of(1));
  next.req.push(null);
  assert.equal((await next.reading).length, LONG);
});

/** A body of one-byte pieces that are all here. */
function pieces(count: number): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  for (let i = 0; i < count; i++) req.push(Uint8Array.of(i & 255));
  req.push(null);
  return req;
}

test("a body in pieces of one byte is handed on whole, at a cost that grows with its length only", async () => {
  const count = 200_000;
  const req = pieces(count);
  const source = new SocketSource(req, new ServerResponse(req));
  const started = cpuMs();
  let seen = 0;
  for await (const piece of source) {
    assert.ok(piece.length === 1 && piece[0] === (seen & 255));
    seen++;
  }
  assert.equal(seen, count);
  assert.ok(cpuMs() - started < 3000);
});

test("many small pieces hold the socket back as few large ones do", async () => {
  const req = pieces(10_000);
  const source = new SocketSource(req, new ServerResponse(req));
  await source.next();
  await sleep(5);
  assert.ok(req.isPaused());
  assert.ok(req.readableLength > 9000, `${req.readableLength} wait with the socket`);
});
