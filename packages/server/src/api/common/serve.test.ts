import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { silentLog } from "../../base/log.ts";
import { emptyAnswer } from "./answer.ts";
import { mount, type Service } from "./serve.ts";
import { DEFAULT_TRANSPORT_RULES } from "./transport.ts";

test("a small body that came with its head is here when the service is asked", async (t) => {
  const here: number[] = [];
  const service: Service = {
    name: "s3",
    async answer(exchange) {
      here.push(exchange.req.readableLength);
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
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  t.after(() => {
    socket.destroy();
    server.close();
  });
  for (const request of [
    "PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nbytes",
    "GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n",
  ]) {
    socket.write(request);
    await once(socket, "data");
  }
  assert.deepEqual(here, [5, 0]);
});
