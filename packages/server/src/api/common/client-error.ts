/**
 * Bytes that are no HTTP, or too much of it: there is no request to answer, only a socket. The platform has closed its
 * parser; one answer in S3's form leaves and the connection ends. Where requests that came before are still at work, they
 * are answered instead: what is written beside an answer would stand in its body, or deny what was done.
 */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { CATALOGUE, type S3ErrorCode } from "../../base/errors.ts";
import { newRequestId } from "../../base/ids.ts";
import { SERVER_NAME } from "./answer.ts";
import { openAnswerOn } from "./pipelining.ts";
import { tag, XML_HEAD } from "./xml-write.ts";

const CODES: ReadonlyMap<string, S3ErrorCode> = new Map([
  ["HPE_HEADER_OVERFLOW", "RequestHeaderSectionTooLarge"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "RequestTimeout"],
]);

export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  if (socket instanceof Socket && isTaken(socket)) return;
  const code = CODES.get(error.code ?? "") ?? "BadRequest";
  const { message } = CATALOGUE[code];
  const requestId = newRequestId();
  const body = `${XML_HEAD}<Error>${tag("Code", code)}${tag("Message", message)}${tag("RequestId", requestId)}</Error>`;
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nServer: ${SERVER_NAME}\r\nx-amz-request-id: ${requestId}\r\nContent-Type: application/xml\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Sockets that end with the answer that is open on them. */
const ending = new WeakSet<Socket>();

/** Whether another answer is open, which ends the connection. */
function isTaken(socket: Socket): boolean {
  const open = openAnswerOn(socket);
  if (open === undefined) return false;
  if (!open.req.complete) {
    // It is the body of this request that broke: nothing has been answered to it, unless its head has left or waits.
    if (!open.headersSent && open.socket !== null) return false;
    socket.destroy();
  } else if (!ending.has(socket)) {
    ending.add(socket);
    open.shouldKeepAlive = false;
    open.once("close", () => socket.destroySoon());
  }
  return true;
}
