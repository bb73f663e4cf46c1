/** Requests sent all at once on one connection: answered in order, and worked on one by one. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PIPELINED_MAX } from "../../base/limits.ts";
import { turnOf } from "./pipelining.ts";

interface Started {
  readonly socket: Socket;
  /** Most requests that were at work at the same time. */
  most: number;
  begun: number;
}

async function start(
  t: TestContext,
  answer: (req: IncomingMessage, res: ServerResponse) => Promise<void>,
): Promise<Started> {
  let working = 0;
  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const turn = turnOf(req, res);
    if (turn !== undefined && !(await turn)) return;
    started.begun++;
    started.most = Math.max(started.most, ++working);
    await answer(req, res);
    working--;
  };
  const server = createServer((req, res) => void handle(req, res));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  const started: Started = { socket, most: 0, begun: 0 };
  t.after(() => {
    socket.destroy();
    server.close();
  });
  await once(socket, "connect");
  return started;
}

const SMALL = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

test("only so many wait on all connections: who sends more loses the connection, and others are served", async (t) => {
  let mayEnd = false;
  const gate = Promise.withResolvers<void>();
  const { socket } = await start(t, async (req, res) => {
    if (!mayEnd && req.url === "/") await gate.promise;
    res.end("done");
  });
  const sockets: Socket[] = [];
  const open = (): Socket => {
    const one = connect(socket.remotePort ?? 0, "127.0.0.1");
    one.on("error", () => undefined);
    sockets.push(one);
    return one;
  };
  t.after(() => sockets.forEach((one) => void one.destroy()));
  const each = 400;
  const fit = Math.floor(PIPELINED_MAX / (each - 1));
  for (let i = 0; i < fit + 3; i++) open().write(SMALL.repeat(each));
  const closed = (): number => sockets.filter((one) => one.destroyed).length;
  for (const one of sockets) one.resume();
  for (const untilMs = Date.now() + 10_000; closed() < 3 && Date.now() < untilMs; ) await sleep(10);
  await sleep(50);
  assert.equal(closed(), 3);
  const other = open();
  other.write("GET /other HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(String((await once(other, "data"))[0]), /done/);
  // Those that wait leave with their connection, and when their turn comes.
  sockets.find((one) => !one.destroyed)?.destroy();
  await sleep(50);
  mayEnd = true;
  gate.resolve();
  await sleep(300);
  const last = open();
  let seen = "";
  last.on("data", (chunk) => (seen += String(chunk)));
  last.write(SMALL.repeat(each));
  const answered = (): number => seen.split("done").length - 1;
  for (const untilMs = Date.now() + 10_000; answered() < each && Date.now() < untilMs; ) await sleep(10);
  assert.equal(answered(), each);
});

const bodyOf = async (req: IncomingMessage): Promise<string> => {
  let text = "";
  for await (const chunk of req) text += String(chunk);
  return text;
};

test("in order, with their bodies, one at a time; the connection goes on afterwards", async (t) => {
  const started = await start(t, async (req, res) => {
    const body = await bodyOf(req);
    await sleep(req.url === "/0" ? 30 : 1);
    res.end(`<${req.url} ${body}>`);
  });
  const { socket } = started;
  let seen = "";
  socket.on("data", (chunk) => (seen += String(chunk)));
  const until = async (last: string): Promise<void> => {
    for (const untilMs = Date.now() + 30_000; !seen.includes(last); await sleep(5))
      assert.ok(Date.now() < untilMs, `no ${last} after ${seen.slice(-100)}`);
  };
  const all = Array.from({ length: 40 }, (_, i) =>
    i % 2 === 0
      ? `GET /${i} HTTP/1.1\r\nHost: x\r\n\r\n`
      : `PUT /${i} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nbody${i % 10}`,
  ).join("");
  // Cut inside a body, so that the rest comes when others wait already.
  const cut = all.indexOf("body7") + 2;
  socket.write(all.slice(0, cut));
  await sleep(10);
  socket.write(all.slice(cut));
  await until("</39 body9>");
  const order = Array.from(seen.matchAll(/<\/(\d+) /g), ([, i]) => Number(i));
  assert.deepEqual(
    order,
    Array.from({ length: 40 }, (_, i) => i),
  );
  assert.equal(started.most, 1);
  socket.write("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  await until("</later >");
});

test("a client that reads nothing has one answer made and no more", async (t) => {
  const large = Buffer.alloc(8 * 1024 ** 2);
  const started = await start(t, async (_req, res) => {
    res.end(large);
  });
  started.socket.pause();
  started.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500));
  await sleep(200);
  assert.equal(started.begun, 1);
  started.socket.destroy();
  await sleep(50);
  assert.equal(started.begun, 1);
});
