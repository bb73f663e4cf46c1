/**
 * Anonymous memory of the server, all processes summed, while an object of 5 GiB goes in and comes out: in one PUT, and by
 * multipart with four parts at a time. And how long a start takes, and what an idle server holds.
 */
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { family, rssAnonMib } from "./lib/machine.ts";
import { BUCKET, CREDENTIALS, type Runtime, startStore, type Store } from "./lib/server.ts";
import { sha256Hex, Signer, UNSIGNED } from "./lib/sign.ts";
import { median } from "./lib/stats.ts";
import { bodyOf } from "./load/requests.ts";
import { MIB } from "./matrix.ts";

export interface MemoryReport {
  readonly runtime: Runtime;
  readonly readyMs: number;
  readonly idleMib: number;
  readonly transfers: readonly {
    readonly name: string;
    readonly peakMib: number;
    readonly mibPerSecond: number;
  }[];
}

const PART_BYTES = 64 * MIB;
const PARTS_AT_ONCE = 4;
const SAMPLE_MS = 50;
const STARTS = 5;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly etag: string;
  readonly bytes: number;
}

class Client {
  readonly #port: number;
  readonly #chunk = bodyOf(MIB);
  constructor(port: number) {
    this.#port = port;
  }

  /** `body`: text, or that many bytes, streamed. The answer's body is counted; text is kept only where it is short. */
  send(method: string, path: string, query = "", body: string | number = ""): Promise<Answer> {
    const payload = typeof body === "number" ? UNSIGNED : sha256Hex(body);
    const length = typeof body === "number" ? body : Buffer.byteLength(body);
    const signer = new Signer(CREDENTIALS, "us-east-1", new Date());
    const signed = signer.sign(method, path, query, { host: `127.0.0.1:${this.#port}` }, payload);
    return new Promise((resolve, reject) => {
      const target = query === "" ? path : `${path}?${query}`;
      const headers = { ...signed, "content-length": String(length) };
      const req = request(
        { host: "127.0.0.1", port: this.#port, method, path: target, headers, agent: false },
        (res) => {
          let bytes = 0;
          let text = "";
          res.on("data", (piece: Buffer) => {
            bytes += piece.length;
            if (bytes < 64 * 1024) text += piece.toString("latin1");
          });
          res.on("error", reject);
          res.on("end", () => {
            const status = res.statusCode ?? 0;
            if (status >= 300) reject(new Error(`${method} ${target}: ${status} ${text}`));
            else resolve({ status, text, etag: res.headers.etag ?? "", bytes });
          });
        },
      );
      req.on("error", reject);
      if (typeof body === "string") req.end(body);
      else this.#stream(req, body);
    });
  }

  #stream(req: ReturnType<typeof request>, size: number): void {
    let left = size;
    const more = (): void => {
      while (left > 0) {
        const piece = this.#chunk.subarray(0, Math.min(left, this.#chunk.length));
        left -= piece.length;
        if (!req.write(piece)) {
          req.once("drain", more);
          return;
        }
      }
      req.end();
    };
    more();
  }

  async multipart(path: string, size: number): Promise<void> {
    const created = await this.send("POST", path, "uploads=");
    const uploadId = encodeURIComponent(/<UploadId>([^<]+)</.exec(created.text)?.[1] ?? "");
    const count = Math.ceil(size / PART_BYTES);
    const etags: string[] = [];
    let next = 1;
    const worker = async (): Promise<void> => {
      for (let part = next++; part <= count; part = next++) {
        const bytes = Math.min(PART_BYTES, size - (part - 1) * PART_BYTES);
        etags[part] = (await this.send("PUT", path, `partNumber=${part}&uploadId=${uploadId}`, bytes)).etag;
      }
    };
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, worker));
    const parts = etags
      .map((etag, i) => `<Part><PartNumber>${i}</PartNumber><ETag>${etag}</ETag></Part>`)
      .join("");
    await this.send(
      "POST",
      path,
      `uploadId=${uploadId}`,
      `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`,
    );
  }
}

/** Runs a transfer and watches. */
async function watched(store: Store, name: string, bytes: number, run: () => Promise<unknown>) {
  let peakMib = 0;
  let over = false;
  const watch = (async () => {
    while (!over) {
      peakMib = Math.max(peakMib, rssAnonMib(store.pids));
      await sleep(SAMPLE_MS);
    }
  })();
  const startedMs = performance.now();
  try {
    await run();
  } finally {
    over = true;
    await watch;
  }
  return { name, peakMib, mibPerSecond: bytes / MIB / ((performance.now() - startedMs) / 1000) };
}

export async function measureMemory(runtime: Runtime, bytes: number): Promise<MemoryReport> {
  const ready: number[] = [];
  for (let i = 1; i < STARTS; i++) {
    const probe = await startStore(runtime, "product");
    ready.push(probe.readyMs);
    await probe.close();
  }
  const store = await startStore(runtime, "product");
  ready.push(store.readyMs);
  try {
    const client = new Client(store.port);
    await sleep(2000);
    const idleMib = rssAnonMib(family(store.pids[0] ?? 0));
    const size = `${bytes / MIB} MiB`;
    const single = `/${BUCKET}/single`;
    const parts = `/${BUCKET}/parts`;
    const transfers = [
      await watched(store, `one PUT of ${size}`, bytes, () => client.send("PUT", single, "", bytes)),
      await watched(store, `GET of ${size}`, bytes, () => client.send("GET", single)),
      await watched(store, `multipart of ${size}`, bytes, () => client.multipart(parts, bytes)),
      await watched(store, `GET of ${size} in parts`, bytes, () => client.send("GET", parts)),
    ];
    return { runtime, readyMs: median(ready), idleMib, transfers };
  } finally {
    await store.close();
  }
}
