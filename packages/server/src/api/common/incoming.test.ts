import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { HeaderView } from "../../auth/headers.ts";
import { headersOf, Incoming } from "./incoming.ts";

interface Seen {
  readonly headers: unknown;
  readonly trailers: unknown;
  readonly view: readonly (readonly [string, string])[];
}

/** Sends what stands in each request, over one connection; what a server with such requests has seen. */
async function seenBy(
  t: TestContext,
  kind: typeof IncomingMessage,
  requests: readonly string[],
): Promise<Seen[]> {
  const seen: Seen[] = [];
  const server = createServer({ IncomingMessage: kind, requireHostHeader: false }, (req, res) => {
    req.resume().on("end", () => {
      seen.push({ headers: req.headers, trailers: req.trailers, view: [...headersOf(req).entries()] });
      res.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  t.after(() => {
    socket.destroy();
    server.close();
  });
  for (const [i, request] of requests.entries()) {
    socket.write(request);
    while (seen.length <= i) await once(socket, "data");
  }
  return seen;
}

const request = (...lines: readonly string[]): string =>
  `GET / HTTP/1.1\r\n${lines.map((l) => `${l}\r\n`).join("")}\r\n`;

test("headers are those that node:http makes, whatever came twice", async (t) => {
  const name = fc.constantFrom(
    "Host",
    "host",
    "X-Amz-Date",
    "x-amz-date",
    "Authorization",
    "Cookie",
    "Set-Cookie",
    "Date",
    "Content-Type",
    "X-Forwarded-For",
    "constructor",
    "__proto__",
    "X-Own",
  );
  const value = fc.stringMatching(/^[a-z0-9,;=]{1,8}$/);
  const random = fc.sample(fc.array(fc.tuple(name, value), { maxLength: 8 }), { numRuns: 300, seed: 7 });
  const requests = [
    request("Host: a", "User-Agent: b"),
    request("Host: c", "User-Agent: d"),
    request(...Array.from({ length: 300 }, (_, i) => `x-${i}: ${i}`)),
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n1\r\na\r\n0\r\nx-sum: 1\r\n\r\n",
    ...random.map((headers) => request(...headers.map(([n, v]) => `${n}: ${v}`))),
  ];
  const [own, nodes] = [await seenBy(t, Incoming, requests), await seenBy(t, IncomingMessage, requests)];
  assert.equal(own.length, requests.length);
  assert.deepEqual(own, nodes);
});

test("a request keeps its view", () => {
  const req = new Incoming(undefined as never);
  req.rawHeaders = ["Host", "a"];
  assert.equal(headersOf(req), headersOf(req));
  assert.ok(headersOf(req) instanceof HeaderView);
  req.headers = { other: "b" };
  assert.deepEqual(req.headers, { other: "b" });
});
