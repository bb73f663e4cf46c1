/** Requests as bytes, signed before the clock starts. */
import { sha256Hex, Signer, UNSIGNED } from "../lib/sign.ts";
import type { Job } from "../lib/job.ts";

export interface Prepared {
  /** One buffer a request: the head, and the body where that is small. */
  readonly heads: readonly Buffer[];
  /** Sent after each head: the body of large requests, the same bytes for all. */
  readonly body: Buffer | undefined;
}

/** Bodies up to this are sent in one write with their head. */
const JOINED_BYTES_MAX = 8 * 1024;

/** Bytes that no compression or deduplication could make cheaper, and the same in every run. */
export function bodyOf(size: number): Buffer {
  const out = Buffer.alloc(size);
  let x = 0x9e37_79b9;
  for (let i = 0; i + 4 <= size; i += 4) {
    x = Math.imul(x ^ (x >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9;
    out.writeInt32LE(x | 0, i);
  }
  return out;
}

export function prepare(job: Job): Prepared {
  const { requests, port } = job;
  const signer = new Signer(job.credentials, "us-east-1", new Date());
  const body =
    requests.bodyText === undefined ? bodyOf(requests.bodyBytes ?? 0) : Buffer.from(requests.bodyText);
  const hasBody = requests.bodyText !== undefined || requests.bodyBytes !== undefined;
  const payload = hasBody && requests.signPayload !== true ? UNSIGNED : sha256Hex(body);
  const joined = hasBody && body.length <= JOINED_BYTES_MAX;
  const heads: Buffer[] = [];
  for (let i = requests.first; i < requests.first + requests.count; i++) {
    const fill = (text: string): string => text.replaceAll("{i}", String(i));
    const path = fill(requests.path);
    const query = requests.query ?? "";
    const extra = Object.entries(requests.headers ?? {}).map(([name, value]) => [name, fill(value)]);
    const headers = signer.sign(
      requests.method,
      path,
      query,
      { host: `127.0.0.1:${port}`, ...(Object.fromEntries(extra) as Record<string, string>) },
      payload,
    );
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    if (hasBody)
      lines.push(`content-length: ${body.length}\r\n`, "content-type: application/octet-stream\r\n");
    const target = query === "" ? path : `${path}?${query}`;
    const head = `${requests.method} ${target} HTTP/1.1\r\n${lines.join("")}user-agent: bench/1 lang/js md/node\r\naccept: */*\r\n\r\n`;
    heads.push(joined ? Buffer.concat([Buffer.from(head), body]) : Buffer.from(head));
  }
  return { heads, body: hasBody && !joined ? body : undefined };
}
