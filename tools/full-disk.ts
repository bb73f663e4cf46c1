/**
 * The full-disk test: `node tools/full-disk.ts DIRECTORY`, DIRECTORY on a small file system of its own (a tmpfs or loop
 * mount of some 100 MiB). Fills it through the store twice: with the reserve (writes are refused early, deletes make room,
 * writes go on) and without one (the disk is really full: refused or fail-stop, nothing lost, nothing half).
 */
import { mkdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { ServiceError } from "../packages/server/src/base/errors.ts";
import { newRev } from "../packages/server/src/base/ids.ts";
import { openLocalStore } from "../packages/server/src/store/local/open.ts";
import { Acknowledged, check, startWriter } from "../packages/server/test/crash/check.ts";
import { blobBytes, blobIdOf, rowsOf } from "../packages/server/test/crash/steps.ts";

const [directory = ""] = process.argv.slice(2);
const freeMiB = (): string => {
  const { bavail, bsize } = statfsSync(directory);
  return `${((bavail * bsize) / 1024 ** 2).toFixed(1)} MiB free`;
};

async function withReserve(): Promise<boolean> {
  const store = await openLocalStore({
    directory: join(directory, "reserve"),
    spaceCheckMs: 50,
    onFatal: (cause) => console.log(`FATAL ${cause.message}`),
  });
  const stored: number[] = [];
  while (store.writable().kind === "ok") {
    const n = stored.length * 30;
    try {
      await store.blobs.put(blobIdOf("r", n), blobBytes("r", n), undefined);
    } catch (error) {
      if (error instanceof ServiceError && error.code === "InsufficientStorage") break;
      throw error;
    }
    await store.commit({ id: newRev(), put: rowsOf("r", n) });
    stored.push(n);
  }
  console.log(`with reserve: refused after ${stored.length} steps, ${store.writable().kind}, ${freeMiB()}`);
  for (const n of stored.slice(0, stored.length / 2)) {
    await store.commit({ id: newRev(), delete: rowsOf("r", n) });
    await store.blobs.delete([blobIdOf("r", n)]);
  }
  await new Promise((done) => setTimeout(done, 200));
  const after = store.writable().kind;
  console.log(`with reserve: after deletes ${after}, ${freeMiB()}`);
  for (const n of stored.slice(stored.length / 2)) await store.blobs.delete([blobIdOf("r", n)]);
  await store.close();
  return after === "ok";
}

async function withoutReserve(): Promise<boolean> {
  const data = join(directory, "full");
  mkdirSync(data, { recursive: true });
  const acknowledged = new Acknowledged();
  const writers = ["a", "b"].map((name) => startWriter(data, name, 0, acknowledged));
  const patience = setTimeout(() => writers.forEach((w) => w.process.kill("SIGKILL")), 60_000);
  console.log(
    `without reserve: writers ended with ${(await Promise.all(writers.map((w) => w.ended))).join(", ")}`,
  );
  clearTimeout(patience);
  const { lost, half, found } = await check(data, acknowledged);
  console.log(
    `without reserve: ${acknowledged.count} acknowledged, ${found} found, ${lost.length} lost, ${half.length} half, ${freeMiB()}`,
  );
  return lost.length + half.length === 0;
}

const good = [await withReserve(), await withoutReserve()];
process.exit(good.every(Boolean) ? 0 : 1);
