/** The home under test, and small makers of rows that the cases share. */
import { after, before } from "node:test";
import { type BlobId, newRev, type Rev } from "../../base/ids.ts";
import type { Commit, Put, RowKey, Sealed, Store, TableName } from "../port.ts";

export interface Home {
  readonly store: Store;
  /** Another handle on the same home, as another process would have it. */
  another(): Promise<Store>;
  /** How a child process opens the home: a module that exports `openHomeAt(place): Promise<Store>`. */
  readonly child?: { readonly module: string; readonly place: string };
  /** Ends every handle and removes what is stored. */
  dispose(): Promise<void>;
}
export type OpenHome = () => Promise<Home>;

/** One home for the cases of a group; each case keeps to keys of its own. */
export function sharedHome(openHome: OpenHome): () => Home {
  let home: Home | undefined;
  before(async () => {
    home = await openHome();
  });
  after(async () => {
    await home?.dispose();
  });
  return () => {
    if (home === undefined) throw new Error("the home is not open yet");
    return home;
  };
}

export const text = (s: string): Uint8Array => new TextEncoder().encode(s);
export const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
export const sealed = (value: Uint8Array | string): Sealed =>
  (typeof value === "string" ? text(value) : value) as Sealed;
export const blobId = (first: number, second: number): BlobId => {
  const id = new Uint8Array(16).fill(0xab) as BlobId;
  id[0] = first;
  id[1] = second;
  return id;
};

export const at = (key: Uint8Array | string, table: TableName = "head"): RowKey => ({
  table,
  key: typeof key === "string" ? text(key) : key,
});
export const put = (
  key: Uint8Array | string,
  value: Uint8Array | string = "value",
  table: TableName = "head",
): Put => ({ ...at(key, table), value: sealed(value) });

export async function commitOk(store: Store, commit: Omit<Commit, "id">): Promise<Rev> {
  const id = newRev();
  const result = await store.commit({ id, ...commit });
  if (result.kind !== "ok") throw new Error(`the commit ended as ${result.kind}`);
  return id;
}

export async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    await Promise.resolve();
    yield part;
  }
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of source) parts.push(chunk.slice());
  return new Uint8Array(Buffer.concat(parts));
}
