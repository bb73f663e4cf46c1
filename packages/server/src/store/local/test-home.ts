/** The embedded home as the conformance suite and its child processes open it: in a directory that goes away. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Home } from "../conformance.ts";
import type { LocalStore } from "./open.ts";
import { openLocalStore } from "./open.ts";

const onFatal = (cause: Error): void => {
  throw cause;
};

/** Test directories lie on disks of any size, so no space is held back. */
export const openHomeAt = (place: string): Promise<LocalStore> =>
  openLocalStore({ directory: place, onFatal, reserveBytes: 0 });

export async function openTestHome(): Promise<Home> {
  const place = await mkdtemp(join(tmpdir(), "strongroom-store-"));
  const opened = [await openHomeAt(place)];
  return {
    store: opened[0] ?? (await openHomeAt(place)),
    another: async () => {
      const store = await openHomeAt(place);
      opened.push(store);
      return store;
    },
    child: { module: import.meta.filename, place },
    dispose: async () => {
      for (const store of opened) await store.close();
      await rm(place, { recursive: true });
    },
  };
}
