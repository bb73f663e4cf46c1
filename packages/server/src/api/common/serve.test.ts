import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { silentLog } from "../../base/log.ts";
import { emptyAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { mount, type Service } from "./serve.ts";
import { DEFAULT_TRANSPORT_RULES } from "./transport.ts";

async function serving(
  t: TestContext,
  seen: (exchange: Exchange) => void,
): Promise<{ readonly server: Server; readonly socket: Socket }> {
  const service: Service = {
    name: "s3",
    async answer(exchange) {
      seen(exchange);
      exchange.req.resume();
      await exchange.send(emptyAnswer(200));
    },
    refusal: () => emptyAnswer(500),
  };
  const server = createServer();
  mount(server, {
    services: new Map([["s3", service]]),
    transport: DEFAULT_TRANSPORT_RULES,
    clock: { now: () => Date.now() },
    log: silentLog,
    hostId: "host-id-of-the-test",
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const taken = once(server, "connection");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  t.after(() => {
    socket.destroy();
    server.close();
  });
  await Promise.all([taken, once(socket, "connect")]);
  return { server, socket };
}

test("a small body that came with its head is here when the service is asked", async (t) => {
  const here: number[] = [];
  const { socket } = await serving(t, ({ req }) => here.push(req.readableLength));
  for (const request of [
    "PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nbytes",
    "GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n",
  ]) {
    socket.write(request);
    await once(socket, "data");
  }
  assert.deepEqual(here, [5, 0]);
});

test("what comes over a connection that is reset already is not done: nobody can tell from where it came", async (t) => {
  const from: string[] = [];
  for (const request of [
    "PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nbytes",
    "DELETE /b/k HTTP/1.1\r\nHost: x\r\n\r\n",
  ]) {
    const { server, socket } = await serving(t, ({ transport }) => from.push(transport.sourceIp));
    const read = once(server, "request");
    socket.write(request);
    socket.resetAndDestroy();
    const [{ socket: end }] = (await read) as [IncomingMessage];
    if (!end.destroyed) await once(end, "close");
  }
  assert.deepEqual(from, []);
});
