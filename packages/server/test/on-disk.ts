/** The store of a data directory whose server is stopped, as somebody with the disk in hand has it. */
import assert from "node:assert/strict";
import { dataDir } from "../src/app/data-dir.ts";
import { type LocalStore, openLocalStore } from "../src/store/local/open.ts";

export async function onDisk<T>(data: string, use: (store: LocalStore) => Promise<T>): Promise<T> {
  const store = await openLocalStore({
    directory: dataDir(data).store,
    onFatal: (cause) => assert.fail(cause),
  });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
