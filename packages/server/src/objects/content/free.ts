/**
 * What becomes of a content when a version lets go of it (sealed format section 9). A content of its own goes: inline rows
 * in the same commit, blobs and pages by trash rows, which leave readers their time. A shared one loses a reference; the
 * last reference frees it.
 *
 * A version that cannot be read can still be removed: what a damaged row led to stays, unreferenced, for `verify` to find.
 * Nothing is freed on a guess.
 */
import { STREAM_PAGE_ENTRIES } from "@strongroom/crypto";
import { IntegrityError } from "../../base/errors.ts";
import type { BlobId } from "../../base/ids.ts";
import type { DamagedRows } from "../../store/damaged-rows.ts";
import type { RowKey } from "../../store/port.ts";
import { type Records, unchanged } from "../../store/records.ts";
import { trashRows } from "../../store/trash.ts";
import { Gathering } from "../rows/commit-parts.ts";
import { locationPageCodec } from "../rows/codecs.ts";
import { contentCodec, contentRow, sameBytes } from "../rows/content-record.ts";
import { inlineKey, pageKey } from "../rows/row-keys.ts";
import type { Version } from "../rows/version-record.ts";
import type { Location } from "./location.ts";
import { asIntegrity } from "./open.ts";

/** The parts of a commit that removes `version`, and with it its reference. */
export async function letGo(records: Records, version: Version, damaged: DamagedRows): Promise<Gathering> {
  const parts = new Gathering();
  if (version.kind === "marker") return parts;
  if (version.shared) {
    const { key } = contentRow(version.contentId);
    const entry = await damaged.passOver({ table: "content", key }, async () => {
      const found = await records.get(contentCodec, "content", key);
      return found ?? missing("a shared content without its row");
    });
    // Nobody can tell who else refers to it.
    if (entry === undefined) return parts;
    parts.expect.push(unchanged(entry));
    const references = entry.value.references.filter((uid) => !sameBytes(uid, version.uid));
    if (references.length > 0) {
      parts.put.push(records.seal(contentCodec, "content", key, { ...entry.value, references }));
      return parts;
    }
    parts.delete.push({ table: "content", key });
  }
  const { blobs, rows } = await placesOf(records, version, damaged);
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
  damaged: DamagedRows,
): Promise<{ readonly blobs: readonly BlobId[]; readonly rows: readonly RowKey[] }> {
  const blobs: BlobId[] = [];
  const rows: RowKey[] = [];
  const { contentId, manifest } = version;
  const take = (locations: readonly Location[], first: number): void => {
    for (const [i, { blob }] of locations.entries()) {
      if (blob === undefined) rows.push({ table: "inline", key: inlineKey(contentId, first + i) });
      else blobs.push(blob);
    }
  };
  if (version.locations !== undefined) {
    take(version.locations, 0);
    return { blobs, rows };
  }
  const pages = manifest.streams.kind === "paged" ? manifest.streams.pages.length : 0;
  for (let i = 0; i < pages; i++) {
    const place: RowKey = { table: "page", key: pageKey(contentId, "locations", i) };
    take(
      (await damaged.passOver(place, async () => locationsIn(records, place.key))) ?? [],
      i * STREAM_PAGE_ENTRIES,
    );
    rows.push({ table: "page", key: pageKey(contentId, "streams", i) }, place);
  }
  return { blobs, rows };
}

/** Of one page; its streams need not open for it. */
async function locationsIn(records: Records, key: Uint8Array): Promise<readonly Location[]> {
  const [row] = await records.store.get([{ table: "page", key }]);
  if (row === undefined) return missing("a page of locations is missing");
  try {
    return (await records.open(locationPageCodec, "page", row, false)).value;
  } catch (error) {
    throw asIntegrity(error);
  }
}

function missing(what: string): never {
  throw new IntegrityError(what);
}
