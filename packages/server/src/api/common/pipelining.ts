/**
 * Requests that a client sends without waiting for the answers before them. The platform would start all that it finds in
 * what it has read, hundreds at once, each with its buffers and open files; here one connection has one request at work,
 * and is not read from while another waits.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The newest answer of each connection. */
const newest = new WeakMap<Socket, ServerResponse>();

/** The newest answer of a connection, as long as it has not ended. */
export function openAnswerOn(socket: Socket): ServerResponse | undefined {
  const answer = newest.get(socket);
  return answer?.closed === false ? answer : undefined;
}

/** Undefined: it is its turn now. Else whether its turn came: false where the client went away before. */
export function turnOf(req: IncomingMessage, res: ServerResponse): Promise<boolean> | undefined {
  const { socket } = req;
  const before = newest.get(socket);
  newest.set(socket, res);
  // An answer has its socket from the start unless another one is being written there.
  if (res.socket !== null || before === undefined || before.closed) return undefined;
  socket.pause();
  return new Promise((resolve) => {
    before.once("close", () => {
      if (newest.get(socket) === res) socket.resume();
      resolve(!socket.destroyed);
    });
  });
}
