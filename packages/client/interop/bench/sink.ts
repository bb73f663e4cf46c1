/**
 * The cheapest S3 there can be, in a process of its own, so that a bench measures the client: bodies are dropped, but for
 * those sent unframed to keys that begin with `keep`, which are served again. No signature is looked at.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

interface Kept {
  readonly chunks: readonly Buffer[];
  readonly headers: Record<string, string>;
}
const kept = new Map<string, Kept>();

async function put(path: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const keeps = path.includes("/keep");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (keeps) chunks.push(chunk);
  }
  if (keeps) {
    const metadata = Object.entries(req.headers).filter(([name]) => name.startsWith("x-amz-meta-"));
    const headers = { ...Object.fromEntries(metadata.map(([n, v]) => [n, String(v)])), etag: '"e"' };
    kept.set(path, { chunks, headers: { ...headers, "content-length": String(size) } });
  }
  res.writeHead(200, { etag: '"e"', "content-length": "0" }).end();
}

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const [path = "", query = ""] = (req.url ?? "").split("?");
  if (req.method === "PUT") return put(path, req, res);
  const object = kept.get(path);
  if (req.method === "GET" && object !== undefined) {
    res.writeHead(200, object.headers);
    return pipeline(Readable.from(object.chunks, { objectMode: false }), res);
  }
  req.resume();
  const root = query.startsWith("uploads")
    ? "InitiateMultipartUploadResult"
    : "CompleteMultipartUploadResult";
  if (req.method === "POST")
    res.end(`<${root}><Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId><ETag>"e"</ETag></${root}>`);
  else res.writeHead(404).end();
}

const server = createServer((req, res) => {
  const expects = req.headers.expect !== undefined;
  if (expects) res.writeContinue();
  answer(req, res).catch(() => res.destroy());
});
server.on("checkContinue", (req, res) => server.emit("request", req, res));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(`http://127.0.0.1:${address.port}`);
});
