/**
 * Key service calls per second over HTTP, by one server process, trail and all: `node tools/bench/kms-http.ts [seconds]
 * [--json]`. STRONGROOM_AUDIT=off measures without the trail. CPU is the server's own, a call.
 */
import { cpuSeconds } from "./lib/machine.ts";
import { CREDENTIALS, keyArn, startStore } from "./lib/server.ts";
import { sha256Hex, Signer } from "./lib/sign.ts";
import { percentile } from "./lib/stats.ts";
import { runClient } from "./load/client.ts";

const args = process.argv.slice(2);
const seconds = Number(args.find((a) => /^[0-9.]+$/.test(a)) ?? 3);
const WARMUP_MS = 1500;
const CONNECTIONS = [1, 32, 128];
const REQUESTS = 64;

const store = await startStore("node", "product");
const host = `127.0.0.1:${store.port}`;
const signer = new Signer(CREDENTIALS, "us-east-1", new Date(), "kms");

function request(operation: string, input: object): Buffer {
  const body = JSON.stringify(input);
  const headers = signer.sign(
    "POST",
    "/",
    "",
    { host, "content-type": "application/x-amz-json-1.1", "x-amz-target": `TrentService.${operation}` },
    sha256Hex(body),
  );
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST / HTTP/1.1\r\n${lines.join("")}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

async function answerOf(operation: string, input: object): Promise<string> {
  const text = request(operation, input).toString();
  const [head = "", body = ""] = text.split("\r\n\r\n");
  const headers = head
    .split("\r\n")
    .slice(1)
    .map((line): [string, string] => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)])
    .filter(([name]) => name !== "host" && name !== "content-length");
  const answer = await fetch(`http://${host}/`, { method: "POST", headers, body });
  const said = await answer.text();
  if (!answer.ok) throw new Error(said);
  return said;
}

interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicros: number;
}

async function measure(heads: readonly Buffer[], connections: number): Promise<Figures> {
  const startMs = performance.now() + WARMUP_MS;
  const endMs = startMs + seconds * 1000;
  const taken: number[] = [];
  let sent = 0;
  let cpu: number | undefined;
  const feed = {
    next(): number | undefined {
      const now = performance.now();
      if (cpu === undefined && now >= startMs) cpu = cpuSeconds(store.pids);
      return now < endMs ? sent++ % heads.length : undefined;
    },
    done(_: number, milliseconds: number): void {
      if (cpu !== undefined) taken.push(milliseconds);
    },
    failed(text: string): void {
      throw new Error(text);
    },
  };
  await Promise.all(Array.from({ length: connections }, () => runClient(store.port, heads, undefined, feed)));
  const used = cpuSeconds(store.pids) - (cpu ?? 0);
  const sorted = Float64Array.from(taken);
  return {
    perSecond: taken.length / seconds,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    cpuMicros: (used * 1e6) / taken.length,
  };
}

try {
  const contexts = Array.from({ length: REQUESTS }, (_, i) => ({ "aws:s3:arn": `arn:aws:s3:::bucket/${i}` }));
  const KeyId = keyArn(0);
  const blobs = await Promise.all(
    contexts.map(async (EncryptionContext) => {
      const made = await answerOf("GenerateDataKey", { KeyId, KeySpec: "AES_256", EncryptionContext });
      return String(JSON.parse(made).CiphertextBlob);
    }),
  );
  const kinds = {
    GenerateDataKey: contexts.map((EncryptionContext) =>
      request("GenerateDataKey", { KeyId, KeySpec: "AES_256", EncryptionContext }),
    ),
    Decrypt: contexts.map((EncryptionContext, i) =>
      request("Decrypt", { CiphertextBlob: blobs[i], EncryptionContext }),
    ),
    DescribeKey: contexts.map(() => request("DescribeKey", { KeyId })),
  };
  const rows: Record<string, Figures> = {};
  for (const [name, heads] of Object.entries(kinds))
    for (const connections of CONNECTIONS)
      rows[`${name}, ${connections} connections`] = await measure(heads, connections);
  if (args.includes("--json")) console.log(JSON.stringify(rows));
  else
    for (const [name, f] of Object.entries(rows))
      console.log(
        `${name.padEnd(34)} ${f.perSecond.toFixed(0).padStart(7)}/s  p50 ${f.p50Ms.toFixed(2)} ms  p99 ${f.p99Ms.toFixed(2)} ms  ${f.cpuMicros.toFixed(0)} us of CPU`,
      );
} finally {
  await store.close();
}
