/** `limits/lmdb.ts SECONDS SIZE IN_FLIGHT`: raw durable LMDB puts, no HTTP. One JSON line. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDb } from "./open-lmdb.ts";

const [seconds = 2, size = 4096, inFlight = 32] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), "strongroom-lmdb-"));
const db = openDb(join(directory, "lmdb"));
const value = Buffer.alloc(size, 0x5a);
let made = 0;
let bestRate = 0;

async function writer(endMs: number): Promise<void> {
  while (performance.now() < endMs) await db.put(Buffer.from(`key-${made++}`), value);
}
async function round(ms: number): Promise<void> {
  const endMs = performance.now() + ms;
  await Promise.all(Array.from({ length: inFlight }, () => writer(endMs)));
}

const WINDOW_MS = 250;
let window = { made, atMs: performance.now() };
function look(): void {
  const now = performance.now();
  bestRate = Math.max(bestRate, ((made - window.made) * 1000) / (now - window.atMs));
  window = { made, atMs: now };
}

await round(300);
made = 0;
window = { made, atMs: performance.now() };
const looking = setInterval(look, WINDOW_MS);
const before = process.cpuUsage();
const startedMs = performance.now();
await round(seconds * 1000);
clearInterval(looking);
const taken = (performance.now() - startedMs) / 1000;
const cpu = process.cpuUsage(before);
await db.close();
rmSync(directory, { recursive: true, force: true });
console.log(
  JSON.stringify({ requests: made, seconds: taken, bestRate, cpuSeconds: (cpu.user + cpu.system) / 1e6 }),
);
process.exit(0);
