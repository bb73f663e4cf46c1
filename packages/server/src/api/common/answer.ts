/**
 * What an operation answers, and the one place that writes it to a socket. Header lists are flat, because `writeHead`
 * takes them as they are. A body that fails after the head has left destroys the socket: a truncated body must never end
 * politely.
 */
import type { ServerResponse } from "node:http";
import { finished } from "node:stream/promises";

export interface Answer {
  readonly status: number;
  /** name, value, name, value … One character per byte. */
  readonly headers: readonly string[];
  /** Absent: no body and no Content-Length but what `headers` says (HEAD, 204, 304). */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

export const SERVER_NAME = "Strongroom";

/** Headers that every answer carries; `Date` is the platform's, made once a second. */
export function withStandardHeaders(headers: readonly string[], requestId: string, hostId: string): string[] {
  return ["x-amz-request-id", requestId, "x-amz-id-2", hostId, "Server", SERVER_NAME, ...headers];
}

/** A promise for a streamed body: resolves when it is with the operating system, rejects when the socket died before. */
export function writeAnswer(
  res: ServerResponse,
  status: number,
  headers: string[],
  body: Answer["body"],
): void | Promise<void> {
  if (body === undefined) {
    res.writeHead(status, headers);
    res.end();
  } else if (typeof body === "string" || body instanceof Uint8Array) {
    const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
    headers.push("Content-Length", String(bytes.length));
    res.writeHead(status, headers);
    res.end(bytes);
  } else {
    // The declared length must be met to the byte; the platform checks it, and a failure destroys the socket.
    res.strictContentLength = true;
    res.writeHead(status, headers);
    return writePieces(res, body);
  }
}

/** A piece's memory is its maker's again once the next one is asked for, so each is handed over before that. */
async function writePieces(res: ServerResponse, body: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const piece of body) await handOver(res, piece);
    res.end();
    await finished(res);
  } catch (error) {
    res.destroy();
    throw error;
  }
}

/** Resolves when the operating system has the bytes. */
function handOver(res: ServerResponse, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(prematureClose());
    if (res.destroyed) return closed();
    res.once("close", closed);
    res.write(piece, (error) => {
      res.off("close", closed);
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}

/** As the platform calls it. */
const prematureClose = (): Error =>
  Object.assign(new Error("the client closed the connection"), { code: "ERR_STREAM_PREMATURE_CLOSE" });

export function xmlAnswer(status: number, document: string, headers: readonly string[] = []): Answer {
  return { status, headers: ["Content-Type", "application/xml", ...headers], body: document };
}

export function emptyAnswer(status: number, headers: readonly string[] = []): Answer {
  return status === 204 || status === 304
    ? { status, headers }
    : { status, headers: ["Content-Length", "0", ...headers] };
}
