/**
 * One keep-alive connection that sends prepared requests one after the other. It reads no more of an answer than it needs
 * to know that it is one and where it ends; bodies land in one reused buffer.
 */
import { connect, type Socket } from "node:net";

export interface Feed {
  /** The next request's index, or undefined to stop. */
  next(): number | undefined;
  done(index: number, milliseconds: number): void;
  failed(text: string): void;
}

const READ_BYTES = 256 * 1024;
const LENGTH = /\r\ncontent-length: ([0-9]+)/i;
const CHUNKED_END = Buffer.from("0\r\n\r\n");

export function runClient(
  port: number,
  heads: readonly Buffer[],
  body: Buffer | undefined,
  feed: Feed,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let index = 0;
    let startedMs = 0;
    /** Of the answer's body; -1: its head has not ended yet; -2: chunked. */
    let left = -1;
    let head: Buffer = Buffer.alloc(0);
    const send = (socket: Socket): void => {
      const next = feed.next();
      if (next === undefined) {
        socket.destroy();
        resolve();
        return;
      }
      index = next;
      startedMs = performance.now();
      const bytes = heads[index];
      if (bytes === undefined) throw new Error("INVARIANT: a request is prepared");
      if (body === undefined) {
        socket.write(bytes);
        return;
      }
      socket.cork();
      socket.write(bytes);
      socket.write(body);
      socket.uncork();
    };
    const finish = (): void => {
      left = -1;
      head = Buffer.alloc(0);
      feed.done(index, performance.now() - startedMs);
      send(socket);
    };
    const read = (chunk: Buffer): void => {
      if (left === -1) {
        const all = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
        const end = all.indexOf("\r\n\r\n");
        if (end < 0) {
          head = Buffer.from(all);
          return;
        }
        const text = all.toString("latin1", 0, end);
        // 100 Continue is never asked for; 2xx is the only good answer here.
        if (text.charCodeAt(9) !== 0x32) feed.failed(all.toString("utf8", 0, Math.min(all.length, 2000)));
        const length = LENGTH.exec(text)?.[1];
        if (length === undefined && /transfer-encoding: chunked/i.test(text)) left = -2;
        else left = Number(length ?? 0) - (all.length - end - 4);
        if (left === 0) finish();
        else if (left === -2 && all.subarray(-5).equals(CHUNKED_END)) finish();
        return;
      }
      if (left === -2) {
        if (chunk.subarray(-5).equals(CHUNKED_END)) finish();
        return;
      }
      left -= chunk.length;
      if (left === 0) finish();
    };
    const socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BYTES),
        callback: (bytes, buffer) => {
          read(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
          return true;
        },
      },
    });
    socket.on("connect", () => send(socket));
    socket.on("error", reject);
    socket.on("close", () => resolve());
  });
}
