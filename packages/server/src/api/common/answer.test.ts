/** Streamed answers over a real socket: pieces whose memory serves again, and clients that leave. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { writeAnswer } from "./answer.ts";

async function served(
  answer: (res: ServerResponse) => void,
  run: (port: number) => Promise<void>,
): Promise<void> {
  const server = createServer((_, res) => answer(res));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await run((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const PIECE_BYTES = 40_000;
const PIECES = 200;
const total = PIECE_BYTES * PIECES;

/** One buffer, filled anew for each piece. */
async function* reusing(ended: () => void): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(PIECE_BYTES);
  try {
    for (let i = 0; i < PIECES; i++) yield piece.fill(i);
  } finally {
    piece.fill(0xff);
    ended();
  }
}

const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

test("a piece is with the operating system before its memory serves again, however slow the client", async () => {
  await served(
    (res) =>
      void writeAnswer(
        res,
        200,
        ["Content-Length", String(total)],
        reusing(() => undefined),
      ),
    async (port) => {
      const socket = connect(port, "127.0.0.1");
      socket.write(request);
      const chunks: Buffer[] = [];
      let reads = 0;
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        if (++reads % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      }
      const answer = Buffer.concat(chunks);
      const body = answer.subarray(answer.indexOf("\r\n\r\n") + 4);
      assert.equal(body.length, total);
      for (let i = 0; i < PIECES; i++)
        assert.ok(body.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES).every((b) => b === i));
    },
  );
});

test("a client that leaves ends the body, and whoever writes hears of it", async () => {
  const ended = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<unknown>();
  await served(
    (res) => {
      const writing = writeAnswer(res, 200, ["Content-Length", String(total)], reusing(ended.resolve));
      Promise.resolve(writing).then(() => failed.reject(new Error("it ended well")), failed.resolve);
    },
    async (port) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(request);
      await once(socket, "data");
      socket.destroy();
      assert.ok((await failed.promise) instanceof Error);
      await ended.promise;
    },
  );
});

test("a body that fails destroys the connection, so that it can't be taken for a whole one", async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(PIECE_BYTES);
    throw new Error("damage");
  }
  const failed = Promise.withResolvers<unknown>();
  await served(
    (res) => {
      const writing = writeAnswer(res, 200, ["Content-Length", String(total)], failing());
      Promise.resolve(writing).catch(failed.resolve);
    },
    async (port) => {
      const socket = connect(port, "127.0.0.1");
      socket.write(request);
      let received = 0;
      try {
        for await (const chunk of socket as AsyncIterable<Buffer>) received += chunk.length;
      } catch {
        // A reset is as good an end.
      }
      assert.ok(received < total);
      assert.match(String(await failed.promise), /damage/);
    },
  );
});
