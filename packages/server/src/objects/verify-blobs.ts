/**
 * `strongroom verify`: blobs that nothing refers to. A blob may belong to a version, to a part of an open upload, to an
 * intent or to trash. References are read after the list of blobs, so that one written meanwhile is no finding: who
 * publishes it has had its intent before it had the blob.
 */
import type { BlobId } from "../base/ids.ts";
import type { Codec } from "../store/codec.ts";
import type { Row, TableName } from "../store/port.ts";
import { garbageCodec } from "../store/trash.ts";
import { streamsOf } from "./content/open.ts";
import type { Core } from "./core.ts";
import { versionCodec } from "./rows/codecs.ts";
import { partCodec } from "./uploads/part-record.ts";

const PAGE_ROWS = 500;
const LIST_BLOBS = 1000;
const nameOf = (blob: BlobId): string => Buffer.from(blob).toString("latin1");

/** `referenced`: what `verifyVersions` has met; saves reading the versions once more where it explains every blob. */
export async function findUnreferenced(
  core: Core,
  referenced: Iterable<BlobId> = [],
): Promise<readonly { readonly id: BlobId; readonly size: number }[]> {
  const known = new Set<string>();
  for (const blob of referenced) known.add(nameOf(blob));
  const candidates = new Map<string, { readonly id: BlobId; readonly size: number }>();
  let after: BlobId | undefined;
  for (;;) {
    const page = await core.records.store.blobs.list(after, LIST_BLOBS);
    for (const blob of page) {
      if (!known.has(nameOf(blob.id))) candidates.set(nameOf(blob.id), blob);
    }
    after = page.at(-1)?.id;
    if (page.length < LIST_BLOBS) break;
  }
  const explained = (blobs: readonly BlobId[]): void => {
    for (const blob of blobs) candidates.delete(nameOf(blob));
  };
  // In the order in which a reference moves: intent, part, version, trash.
  for await (const { blobs } of all(core, "intent", garbageCodec)) explained(blobs);
  for await (const { location } of all(core, "part", partCodec)) {
    if (location.blob !== undefined) explained([location.blob]);
  }
  for (const table of ["head", "version"] as const) {
    if (candidates.size === 0) return [];
    for await (const version of all(core, table, versionCodec)) {
      if (version.kind !== "object") continue;
      for await (const { location } of streamsOf(core.records, version, 0, Number.POSITIVE_INFINITY, true)) {
        if (location.blob !== undefined) explained([location.blob]);
      }
    }
  }
  for await (const { blobs } of all(core, "trash", garbageCodec)) explained(blobs);
  return [...candidates.values()];
}

async function* all<T>(core: Core, table: TableName, codec: Codec<T>): AsyncGenerator<T> {
  let after: Uint8Array | undefined;
  for (let more = true; more; ) {
    const page: { readonly rows: readonly Row[]; readonly more: boolean } = await core.records.store.scan({
      table,
      from: new Uint8Array(),
      ...(after === undefined ? {} : { after }),
      limit: PAGE_ROWS,
    });
    for (const row of page.rows) yield (await core.records.open(codec, table, row, false)).value;
    more = page.more;
    after = page.rows.at(-1)?.key;
  }
}
