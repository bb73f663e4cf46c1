/**
 * `node tools/bench/api.ts [seconds]`: what the pipeline itself costs. The S3 service with an objects layer that does
 * nothing, behind a real node:http server in a process of its own, against bare node:http with the same bodies. Requests
 * are signed beforehand and come over raw keep-alive sockets; CPU time is the server process's own, so that other work on
 * the machine changes the rate but not the cost.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import {
  ROOT,
  SECRET,
  signedHeaders,
  ACCESS_KEY,
  silentDeps,
} from "../../packages/server/src/api/test/bench-deps.ts";

const BODY = Buffer.alloc(4096, "x");
const CONNECTIONS = 16;
const KINDS = ["bare", "api"] as const;
type Kind = (typeof KINDS)[number];

if (process.send !== undefined) await serve(process.argv[2] === "bare" ? "bare" : "api");
else await main(Number(process.argv[2] ?? "3"));

async function serve(kind: Kind): Promise<void> {
  const server = kind === "bare" ? bareServer() : silentDeps(BODY);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  process.send?.({ port: typeof address === "object" && address !== null ? address.port : 0 });
  process.on("message", (message) => {
    if (message === "cpu") process.send?.({ cpu: process.cpuUsage() });
    else process.exit(0);
  });
}

/** The least a store could do: the same bodies, no questions asked. */
function bareServer(): Server {
  return createServer((req, res) => {
    if (req.method === "GET") {
      res.writeHead(200, ["Content-Length", String(BODY.length)]);
      res.end(BODY);
      return;
    }
    req.on("data", () => {});
    req.on("end", () => {
      res.writeHead(200, ["Content-Length", "0"]);
      res.end();
    });
  });
}

interface Result {
  readonly rate: number;
  readonly cpuMicros: number;
}

async function measure(kind: Kind, method: "GET" | "PUT", seconds: number): Promise<Result> {
  const child = fork(import.meta.filename, [kind]);
  const [{ port }] = await once(child, "message");
  const request = await signedRequest(method, port);
  await load(port, request, 0.5);
  const before = await cpuOf(child);
  const started = performance.now();
  const done = await load(port, request, seconds);
  const elapsed = (performance.now() - started) / 1000;
  const cpu = (await cpuOf(child)) - before;
  child.send("stop");
  return { rate: done / elapsed, cpuMicros: cpu / done };
}

async function cpuOf(child: ReturnType<typeof fork>): Promise<number> {
  child.send("cpu");
  const [{ cpu }] = await once(child, "message");
  return cpu.user + cpu.system;
}

async function signedRequest(method: "GET" | "PUT", port: number): Promise<Buffer> {
  const headers = await signedHeaders({
    method,
    path: "/bucket/some/key-0001",
    port,
    accessKey: ACCESS_KEY,
    secret: SECRET,
  });
  const lines = Object.entries({
    ...headers,
    ...(method === "PUT" ? { "content-length": String(BODY.length), "content-type": "text/plain" } : {}),
    "user-agent": "bench/1.0 (made to look like an SDK's) lang/js md/nodejs",
    accept: "*/*",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} /bucket/some/key-0001 HTTP/1.1\r\n${lines.join("")}\r\n`);
  return method === "PUT" ? Buffer.concat([head, BODY]) : head;
}

/** One request at a time on each connection. Answers are counted by their status line. */
async function load(port: number, request: Buffer, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  const counts = await Promise.all(Array.from({ length: CONNECTIONS }, () => client(port, request, end)));
  return counts.reduce((sum, n) => sum + n, 0);
}

function client(port: number, request: Buffer, end: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    let done = 0;
    let left = -1;
    socket.on("connect", () => socket.write(request));
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      if (left < 0) {
        const head = chunk.indexOf("\r\n\r\n");
        const text = chunk.toString("latin1", 0, head);
        if (!text.startsWith("HTTP/1.1 200")) {
          reject(new Error(chunk.toString()));
          return;
        }
        const length = Number(/content-length: ([0-9]+)/i.exec(text)?.[1] ?? "0");
        left = length - (chunk.length - head - 4);
      } else left -= chunk.length;
      if (left > 0) return;
      left = -1;
      done++;
      if (performance.now() < end) socket.write(request);
      else {
        socket.destroy();
        resolve(done);
      }
    });
  });
}

async function main(seconds: number): Promise<void> {
  console.log(
    `principal ${ROOT.kind}, ${BODY.length} bytes, ${CONNECTIONS} connections, node ${process.version}`,
  );
  for (const method of ["GET", "PUT"] as const) {
    const results = new Map<Kind, Result>();
    for (const kind of KINDS) results.set(kind, await measure(kind, method, seconds));
    const bare = results.get("bare");
    const api = results.get("api");
    if (bare === undefined || api === undefined) continue;
    const line = (r: Result): string => `${Math.round(r.rate)}/s ${r.cpuMicros.toFixed(1)} us`;
    console.log(
      `${method}: bare ${line(bare)}; pipeline ${line(api)}; its own cost ${(api.cpuMicros - bare.cpuMicros).toFixed(1)} us`,
    );
  }
}
