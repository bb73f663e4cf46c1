/**
 * Requests that a client sends without waiting for the answers before them. The platform would start all that it finds in
 * what it has read, hundreds at once, each with its buffers and open files; here one connection has one request at work,
 * and is not read from while another waits.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { PIPELINED_MAX } from "../../base/limits.ts";

interface Line {
  newest: ServerResponse;
  waiting: number;
  /** Its end is listened for: answers that wait hear nothing of it. */
  watched: boolean;
}
const lines = new WeakMap<Socket, Line>();
/** On all connections of this process. */
let waitingInAll = 0;

/** The newest answer of a connection, as long as it has not ended. */
export function openAnswerOn(socket: Socket): ServerResponse | undefined {
  const answer = lines.get(socket)?.newest;
  return answer?.closed === false ? answer : undefined;
}

/**
 * Undefined: it is its turn now. Else whether its turn came: false where the client went away before, or where too many
 * wait already, which ends the connection: one read of the platform holds hundreds of small requests, each of some kilobytes
 * once it is taken apart.
 */
export function turnOf(req: IncomingMessage, res: ServerResponse): Promise<boolean> | undefined {
  const { socket } = req;
  const line = lines.get(socket);
  if (line === undefined) {
    lines.set(socket, { newest: res, waiting: 0, watched: false });
    return undefined;
  }
  const before = line.newest;
  // An answer has its socket from the start unless another one is being written there.
  if (res.socket !== null || before.closed) {
    line.newest = res;
    return undefined;
  }
  if (socket.destroyed || waitingInAll >= PIPELINED_MAX) {
    socket.destroy();
    return Promise.resolve(false);
  }
  line.newest = res;
  if (!line.watched) socket.once("close", () => leave(line, line.waiting));
  line.watched = true;
  line.waiting++;
  waitingInAll++;
  socket.pause();
  return new Promise((resolve) => {
    before.once("close", () => {
      if (line.waiting > 0) leave(line, 1);
      if (line.newest === res) socket.resume();
      resolve(!socket.destroyed);
    });
  });
}

function leave(line: Line, count: number): void {
  line.waiting -= count;
  waitingInAll -= count;
}
