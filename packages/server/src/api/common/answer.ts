/**
 * What an operation answers, and the one place that writes it to a socket. Header lists are flat, because `writeHead`
 * takes them as they are. A body that fails after the head has left destroys the socket: a truncated body must never end
 * politely.
 */
import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

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
    return pipeline(body, res);
  }
}

export function xmlAnswer(status: number, document: string, headers: readonly string[] = []): Answer {
  return { status, headers: ["Content-Type", "application/xml", ...headers], body: document };
}

export function emptyAnswer(status: number, headers: readonly string[] = []): Answer {
  return status === 204 || status === 304
    ? { status, headers }
    : { status, headers: ["Content-Length", "0", ...headers] };
}
