/**
 * A process that writes until it is killed: `writer.ts DIRECTORY NAME FIRST`. It opens the store, says `ready 0`, and begins
 * with the first line of its input. Each step is one commit of two rows, often with a blob before it; after the
 * acknowledgement a line `NAME NUMBER` goes to standard output, synchronously, so that a line that arrived is an
 * acknowledgement that was given.
 */
import { once } from "node:events";
import { writeSync } from "node:fs";
import { newRev } from "../../src/base/ids.ts";
import { openLocalStore } from "../../src/store/local/open.ts";
import { endUnfitProcess, isStoreFailure } from "../../src/store/local/fail-stop.ts";
import { blobBytes, blobIdOf, blobSize, counterKey, rowsOf } from "./steps.ts";

const [directory = "", name = "", first = "0"] = process.argv.slice(2);
const IN_FLIGHT = 32;

const end = endUnfitProcess;
// As the app does: lmdb's own errors end the process like `onFatal`; anything else is a bug and ends it otherwise.
const judge = (error: unknown): void => {
  if (isStoreFailure(error)) end();
  writeSync(2, `${String(error)}\n`);
  end();
};
process.on("unhandledRejection", judge);
process.on("uncaughtException", judge);

const store = await openLocalStore({ directory, reserveBytes: 0, onFatal: end });
let next = Number(first);

async function step(n: number): Promise<void> {
  const size = blobSize(n);
  if (size > 0) await store.blobs.put(blobIdOf(name, n), blobBytes(name, n), size);
  const result = await store.commit({ id: newRev(), put: rowsOf(name, n) });
  if (result.kind === "ok") writeSync(1, `${name} ${n}\n`);
}

/** All writers raise one counter by compare-and-swap; `counter VALUE` is acknowledged. */
async function count(): Promise<void> {
  const [row] = await store.get([counterKey]);
  const value = row === undefined ? 1 : new DataView(row.value.slice().buffer).getUint32(0) + 1;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  const result = await store.commit({
    id: newRev(),
    expect: [{ ...counterKey, rev: row?.rev ?? "absent" }],
    // The writer holds no key; these rows stand for sealed ones.
    put: [{ ...counterKey, value: bytes as never }],
  });
  if (result.kind === "ok") writeSync(1, `counter ${value}\n`);
}

const lane = async (): Promise<never> => {
  for (;;) await step(next++);
};
const counting = async (): Promise<never> => {
  for (;;) await count();
};
writeSync(1, "ready 0\n");
// While others open the store, nobody writes to it (ADR 14).
await once(process.stdin, "data");
await Promise.all([...Array.from({ length: IN_FLIGHT }, lane), counting()]).catch(end);
