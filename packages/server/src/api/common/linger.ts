/**
 * What to do about a request body that nobody will read. Small rests are drained by the platform and the connection goes
 * on. For large ones the answer says close, a bounded amount is read and thrown away so that a client that is still
 * sending finds the answer rather than a reset, and then the socket is closed.
 */
import type { IncomingMessage } from "node:http";
import { LINGER_BYTES_MAX, LINGER_MS } from "../../base/limits.ts";
import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { expectsContinue } from "./unread-body.ts";

export async function linger(exchange: Exchange, answer: Answer): Promise<void> {
  const { req, res } = exchange;
  const body = exchange.isHead ? undefined : answer.body;
  if (expectsContinue(req) || typeof body !== "string") {
    await exchange.send(answer);
    return;
  }
  await exchange.send({ ...answer, body: drainThen(req, body) }, [
    "Content-Length",
    String(Buffer.byteLength(body)),
  ]);
  res.socket?.destroySoon();
}

async function* drainThen(req: IncomingMessage, body: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(body);
  await drain(req);
}

function drain(req: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const done = (): void => {
      clearTimeout(timer);
      req.off("data", count);
      resolve();
    };
    const count = (chunk: Uint8Array): void => {
      seen += chunk.length;
      if (seen > LINGER_BYTES_MAX) done();
    };
    const timer = setTimeout(done, LINGER_MS);
    req.on("data", count);
    req.once("close", done);
    req.once("end", done);
    req.resume();
  });
}
