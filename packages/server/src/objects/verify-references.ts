/**
 * What refers to blobs and to contents' rows: versions, parts, intents and trash. For the search for what nothing refers
 * to. One walk sees each reference that stands still; a version that moves between tables while they are walked can be
 * missed, so a suspicion is settled by walking again for the suspects alone.
 */
import { IntegrityError } from "../base/errors.ts";
import { asId, type BlobId, type ContentId } from "../base/ids.ts";
import { garbageCodec } from "../store/trash.ts";
import { streamsOf } from "./content/open.ts";
import type { Core } from "./core.ts";
import { versionCodec } from "./rows/codecs.ts";
import { after } from "./rows/row-keys.ts";
import { endedCodec } from "./uploads/ended-record.ts";
import { partCodec } from "./uploads/part-record.ts";
import { uploadCodec } from "./uploads/upload-record.ts";
import { rowsOf } from "./verify-records.ts";

export type Reference =
  | { readonly kind: "blob"; readonly id: BlobId }
  | { readonly kind: "content"; readonly id: ContentId };

/** Bytes of a content id at the head of keys in `inline`, `page` and `content`. */
const CONTENT_ID_BYTES = 16;

/** All but those of versions, which verify meets anyway: first, because what they name may become a version's. */
export async function* otherReferences(core: Core): AsyncGenerator<Reference> {
  yield* uploadReferences(core);
  for (const table of ["intent", "trash"] as const) {
    for await (const row of rowsOf(core, table)) {
      const garbage = await opened(() => core.records.open(garbageCodec, table, row, false));
      for (const id of garbage?.value.blobs ?? []) yield { kind: "blob", id };
      for (const { key } of garbage?.value.rows ?? []) yield { kind: "content", id: contentIdOf(key) };
    }
  }
}

/** Parts own their blobs until their row goes; pages are written before the version that they belong to. */
async function* uploadReferences(core: Core): AsyncGenerator<Reference> {
  for await (const row of rowsOf(core, "upload")) {
    const entry = await opened(() => core.records.open(uploadCodec, "upload", row, false));
    if (entry !== undefined) yield { kind: "content", id: entry.value.contentId };
  }
  for await (const row of rowsOf(core, "part")) {
    const entry = await opened(() => core.records.open(partCodec, "part", row, false));
    const blob = entry?.value.location.blob;
    if (blob !== undefined) yield { kind: "blob", id: blob };
  }
  for await (const row of rowsOf(core, "ended")) {
    const entry = await opened(() => core.records.open(endedCodec, "ended", row, false));
    if (entry !== undefined) yield { kind: "content", id: entry.value.contentId };
  }
}

export async function* versionReferences(core: Core): AsyncGenerator<Reference> {
  for (const table of ["head", "version"] as const) {
    for await (const row of rowsOf(core, table)) {
      const entry = await opened(() => core.records.open(versionCodec, table, row, false));
      const version = entry?.value;
      if (version?.kind !== "object") continue;
      yield { kind: "content", id: version.contentId };
      if (version.locations !== undefined) {
        for (const { blob } of version.locations) if (blob !== undefined) yield { kind: "blob", id: blob };
        continue;
      }
      const streams = streamsOf(core.records, version, 0, Number.POSITIVE_INFINITY, true);
      for (;;) {
        const next = await opened(() => streams.next());
        if (next === undefined || next.done === true) break;
        const { blob } = next.value.location;
        if (blob !== undefined) yield { kind: "blob", id: blob };
      }
    }
  }
}

/** What is there to be referred to. */
export async function* presentThings(core: Core, pageBlobs = 20_000): AsyncGenerator<Reference> {
  for (let last: BlobId | undefined; ; ) {
    const page = await core.records.store.blobs.list(last, pageBlobs);
    for (const { id } of page) yield { kind: "blob", id };
    last = page.at(-1)?.id;
    if (last === undefined) break;
  }
  for (const table of ["inline", "page", "content"] as const) {
    let last: ContentId | undefined;
    for await (const { key } of rowsOf(core, table, true)) {
      const id = contentIdOf(key);
      if (last !== undefined && last.every((byte, i) => byte === id[i])) continue;
      last = id;
      yield { kind: "content", id };
    }
  }
}

/** Whether it is still there. */
export async function isPresent(core: Core, { kind, id }: Reference): Promise<boolean> {
  const { store } = core.records;
  if (kind === "blob") {
    try {
      for await (const chunk of store.blobs.get(id, 0, 1)) void chunk;
      return true;
    } catch (error) {
      if (error instanceof IntegrityError) return false;
      throw error;
    }
  }
  const to = after(id);
  for (const table of ["inline", "page", "content"] as const) {
    const { rows } = await store.scan({
      table,
      from: id,
      ...(to === undefined ? {} : { to }),
      limit: 1,
      keysOnly: true,
    });
    if (rows.length > 0) return true;
  }
  return false;
}

export const contentIdOf = (key: Uint8Array): ContentId => asId<ContentId>(key.slice(0, CONTENT_ID_BYTES));

/** Damage is reported by those who look for damage. */
async function opened<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof IntegrityError) return undefined;
    throw error;
  }
}
