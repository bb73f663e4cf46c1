/** What is no HTTP, behind requests that are still at work. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { attach } from "./attach.ts";
import { turnOf } from "./pipelining.ts";

/** All that comes back until the connection ends. */
async function ask(
  t: TestContext,
  answer: (req: IncomingMessage, res: ServerResponse) => Promise<void>,
  ...parts: readonly string[]
): Promise<string> {
  const server = createServer();
  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const turn = turnOf(req, res);
    if (turn !== undefined && !(await turn)) return;
    await answer(req, res).catch(() => res.destroy());
  };
  attach(server, (req, res) => void handle(req, res));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  t.after(() => {
    socket.destroy();
    server.close();
  });
  let text = "";
  socket.on("data", (chunk) => (text += String(chunk)));
  socket.on("error", () => undefined);
  for (const part of parts) {
    socket.write(part);
    await sleep(20);
  }
  if (!socket.closed) await once(socket, "close", { signal: AbortSignal.timeout(10_000) });
  return text;
}

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const GARBAGE = "\0GARBAGE\r\n\r\n";
const LINES = Array.from({ length: 40 }, (_, i) => `line ${i}\n`);

test("garbage behind a request does not get into its answer", async (t) => {
  const stream = async (_: IncomingMessage, res: ServerResponse): Promise<void> => {
    res.writeHead(200, ["Content-Length", String(LINES.join("").length)]);
    for (const line of LINES) {
      res.write(line);
      await sleep(5);
    }
    res.end();
  };
  const text = await ask(t, stream, GET, GARBAGE, GARBAGE);
  assert.ok(text.startsWith("HTTP/1.1 200 "), text);
  assert.ok(text.endsWith(`\r\n\r\n${LINES.join("")}`), text);
});

test("a request that is whole is answered for itself, and the connection ends", async (t) => {
  const stored: string[] = [];
  const store = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of req) body += String(chunk);
    await sleep(30);
    stored.push(body);
    res.end("stored");
  };
  const PUT = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
  const one = await ask(t, store, PUT + GARBAGE);
  assert.match(one, /^HTTP\/1\.1 200 [^]*Connection: close[^]*stored$/);
  const two = await ask(t, store, PUT + PUT + GARBAGE);
  assert.equal(two.match(/HTTP\/1\.1 200 /g)?.length, 2, two);
  assert.equal(stored.length, 3);
});

const CHUNKED = "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";

test("a body that breaks is answered once, and not behind a head that has left", async (t) => {
  const read = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    for await (const _ of req);
    res.end("read");
  };
  const broken = await ask(t, read, CHUNKED, GARBAGE);
  assert.match(broken, /^HTTP\/1\.1 400 [^]*<Code>BadRequest<\/Code>/);
  const early = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    res.write("begun");
    await read(req, res);
  };
  const cut = await ask(t, early, CHUNKED, GARBAGE);
  assert.match(cut, /^HTTP\/1\.1 200 /);
  assert.doesNotMatch(cut, / 400 /);
});

test("a body that breaks behind another request is not answered within that one's answer", async (t) => {
  const slow = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (req.method !== "GET") return;
    res.write("begun");
    await sleep(200);
    res.end();
  };
  assert.doesNotMatch(await ask(t, slow, GET, CHUNKED + GARBAGE), / 400 /);
});
