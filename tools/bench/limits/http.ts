/**
 * The limits: what node:http does when it has nothing else to do. The same requests with the same headers, unread.
 *
 *     GET  /bare/SIZE/…   the body from memory                GET /file/SIZE/…  from a page-cached file, 64 KiB reads
 *     PUT  /file/…        into a synced file                  PUT /lmdb/…       into one durable LMDB put
 */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openDb } from "./open-lmdb.ts";

const READ_BYTES = 64 * 1024;
const directory = mkdtempSync(join(tmpdir(), "strongroom-limits-"));
const db = openDb(join(directory, "lmdb"));
const bodies = new Map<string, Buffer>();
const files = new Map<string, string>();
let made = 0;

function bodyOf(size: string): Buffer {
  let body = bodies.get(size);
  if (body === undefined) bodies.set(size, (body = Buffer.alloc(Number(size), 0x5a)));
  return body;
}

function fileOf(size: string): string {
  let path = files.get(size);
  if (path === undefined) {
    files.set(size, (path = join(directory, size)));
    writeFileSync(path, bodyOf(size));
  }
  return path;
}

async function get(kind: string, size: string, res: ServerResponse): Promise<void> {
  const length = ["Content-Type", "application/octet-stream", "Content-Length", size];
  res.writeHead(200, length);
  if (kind === "bare") res.end(bodyOf(size));
  else await pipeline(createReadStream(fileOf(size), { highWaterMark: READ_BYTES }), res);
}

function collect(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
  });
}

async function put(kind: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const name = String(made++);
  if (kind === "lmdb") await db.put(Buffer.from(name), await collect(req));
  else await synced(join(directory, `put-${name}`), req);
  res.writeHead(200, ["Content-Length", "0"]);
  res.end();
}

/** At most so many bytes of files stay: a store keeps what it was sent, but the disk must not fill. */
const KEPT_BYTES_MAX = 2 * 1024 ** 3;
const kept: { readonly path: string; readonly bytes: number }[] = [];
let keptBytes = 0;

/**
 * As a store must: temporary name, bytes, sync, final name. The oldest go when there are too many; if each went at once, the
 * next would be written into the same pages of the page cache, warm and at hand, as no store's are.
 */
async function synced(path: string, req: IncomingMessage): Promise<void> {
  const file = await open(`${path}.tmp`, "wx");
  let bytes = 0;
  try {
    for await (const chunk of req) bytes += (await file.write(chunk as Buffer)).bytesWritten;
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  kept.push({ path, bytes });
  keptBytes += bytes;
  while (keptBytes > KEPT_BYTES_MAX) {
    const oldest = kept.shift();
    if (oldest === undefined) break;
    keptBytes -= oldest.bytes;
    await unlink(oldest.path);
  }
}

const server = createServer((req, res) => {
  const [, kind = "", size = ""] = (req.url ?? "").split("/", 3);
  const answered = req.method === "GET" ? get(kind, size, res) : put(kind, req, res);
  answered.catch((error: unknown) => {
    // A client that has measured enough leaves in the middle of a body.
    if (!res.closed) console.error(error);
    res.destroy();
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(`listening ${(server.address() as AddressInfo).port}`);
});
process.on("SIGTERM", () => {
  rmSync(directory, { recursive: true, force: true });
  process.exit(0);
});
