/**
 * The full-disk test: `node tools/full-disk.ts DIRECTORY`, DIRECTORY on a small file system of its own (a tmpfs or loop
 * mount of some 100 MiB). Fills it through the store twice: with the reserve (writes are refused early, deletes make room,
 * writes go on) and without one (the disk is really full: refused or fail-stop, nothing lost, nothing half). Then under the
 * audit trail of a server.
 */
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { CreateKeyCommand, EncryptCommand } from "@aws-sdk/client-kms";
import { ServiceError } from "../packages/server/src/base/errors.ts";
import { newRev } from "../packages/server/src/base/ids.ts";
import { openLocalStore } from "../packages/server/src/store/local/open.ts";
import { Acknowledged, check, startWriters } from "../packages/server/test/crash/check.ts";
import { command, serve } from "../packages/server/test/serve.ts";
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
  const writers = await startWriters(data, ["a", "b"], 0, acknowledged);
  const patience = setTimeout(() => writers.forEach((w) => w.process.kill("SIGKILL")), 60_000);
  console.log(
    `without reserve: writers ended with ${(await Promise.all(writers.map((w) => w.ended))).join(", ")}`,
  );
  clearTimeout(patience);
  const { lost, half, found } = await check(data, acknowledged);
  console.log(
    `without reserve: ${acknowledged.count} acknowledged, ${found} found, ${lost.length} lost, ${half.length} half, ${freeMiB()}`,
  );
  rmSync(data, { recursive: true });
  return lost.length + half.length === 0;
}

/** A server whose disk is filled by somebody else: keys are not used unrecorded, and are used again when there is room. */
async function underTheTrail(): Promise<boolean> {
  const served = await serve({ data: join(directory, "trail") });
  try {
    const kms = served.kms();
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata?.KeyId ?? "";
    const encrypt = (): Promise<string> =>
      kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from("x") })).then(
        () => "ok",
        (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : "failed"),
      );
    const before = await encrypt();
    const filler = join(directory, "filler");
    fill(filler);
    console.log(`under the trail: ${freeMiB()}`);
    let full = "ok";
    for (let tries = 0; tries < 50 && full === "ok"; tries++) {
      full = await encrypt();
      await new Promise((done) => setTimeout(done, 100));
    }
    rmSync(filler);
    let after = full;
    for (let tries = 0; tries < 50 && after !== "ok"; tries++) {
      await new Promise((done) => setTimeout(done, 100));
      after = await encrypt();
    }
    await served.stop();
    const { code } = await command(["audit", "verify", "--data", served.data]);
    console.log(`under the trail: ${before}; full: ${full}; then ${after}; verify ends with ${code}`);
    return before === "ok" && /KMSInternal.*audit trail/.test(full) && after === "ok" && code === 0;
  } finally {
    await served.killAll();
  }
}

function fill(path: string): void {
  const block = Buffer.alloc(64 * 1024);
  const file = openSync(path, "w");
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  } finally {
    closeSync(file);
  }
}

const good = [await withReserve(), await withoutReserve(), await underTheTrail()];
process.exit(good.every(Boolean) ? 0 : 1);
