/**
 * What becomes of a content when a version lets go of it (sealed format section 9). A content of its own goes: inline rows
 * in the same commit, blobs and pages by trash rows, which leave readers their time. A shared one loses a reference; the
 * last reference frees it.
 */
import { IntegrityError } from "../../base/errors.ts";
import type { BlobId } from "../../base/ids.ts";
import type { RowKey } from "../../store/port.ts";
import { type Records, unchanged } from "../../store/records.ts";
import { trashRows } from "../../store/trash.ts";
import { Gathering } from "../rows/commit-parts.ts";
import { contentCodec, contentRow, sameBytes } from "../rows/content-record.ts";
import { inlineKey, pageKey } from "../rows/row-keys.ts";
import type { Version } from "../rows/version-record.ts";
import { streamsOf } from "./open.ts";

/** The parts of a commit that removes `version`, and with it its reference. */
export async function letGo(records: Records, version: Version): Promise<Gathering> {
  const parts = new Gathering();
  if (version.kind === "marker") return parts;
  if (version.shared) {
    const { key } = contentRow(version.contentId);
    const entry = await records.get(contentCodec, "content", key);
    if (entry === undefined) throw new IntegrityError("a shared content without its row");
    parts.expect.push(unchanged(entry));
    const references = entry.value.references.filter((uid) => !sameBytes(uid, version.uid));
    if (references.length > 0) {
      parts.put.push(records.seal(contentCodec, "content", key, { ...entry.value, references }));
      return parts;
    }
    parts.delete.push({ table: "content", key });
  }
  const { blobs, rows } = await placesOf(records, version);
  const small = rows.every(({ table }) => table === "inline");
  if (small) parts.delete.push(...rows);
  if (blobs.length > 0 || !small) {
    const nowMs = await records.store.now();
    parts.put.push(...trashRows(records, { blobs, rows: small ? [] : rows }, nowMs));
  }
  return parts;
}

/** Every blob and row that holds a part of the content. */
async function placesOf(
  records: Records,
  version: Extract<Version, { kind: "object" }>,
): Promise<{ readonly blobs: readonly BlobId[]; readonly rows: readonly RowKey[] }> {
  const blobs: BlobId[] = [];
  const rows: RowKey[] = [];
  const { contentId, manifest } = version;
  if (version.locations !== undefined) {
    for (const [index, { blob }] of version.locations.entries()) {
      if (blob === undefined) rows.push({ table: "inline", key: inlineKey(contentId, index) });
      else blobs.push(blob);
    }
    return { blobs, rows };
  }
  // From 0 to the end touches every stream; empty parts lie within.
  for await (const { index, location } of streamsOf(records, version, 0, Number.POSITIVE_INFINITY, true)) {
    if (location.blob === undefined) rows.push({ table: "inline", key: inlineKey(contentId, index) });
    else blobs.push(location.blob);
  }
  const pages = manifest.streams.kind === "paged" ? manifest.streams.pages.length : 0;
  for (let i = 0; i < pages; i++) {
    rows.push({ table: "page", key: pageKey(contentId, "streams", i) });
    rows.push({ table: "page", key: pageKey(contentId, "locations", i) });
  }
  return { blobs, rows };
}
