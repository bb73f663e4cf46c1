/** The content row's part in a commit (sealed format section 9): shares, moves and re-wraps of what others refer to. */
import { IntegrityError } from "../../base/errors.ts";
import type { VersionUid } from "../../base/ids.ts";
import { type Records, unchanged } from "../../store/records.ts";
import { formerOpeners, OPENERS_MAX, openersOf, withOpeners } from "../encryption/opened-by.ts";
import { Gathering } from "../rows/commit-parts.ts";
import { contentCodec, contentRow, sameBytes } from "../rows/content-record.ts";
import type { ObjectVersion } from "../rows/version-record.ts";

/** Versions that may refer to one content: its row stays far below a commit's size. */
export const SHARED_REFERENCES_MAX = 1000;

/**
 * A new reference, by a version wrapped under `references`; `displaced`: a version of the same content that the commit
 * removes. Undefined: too many already, or too many keys that opened it.
 */
export async function addReference(
  records: Records,
  source: ObjectVersion,
  uid: VersionUid,
  references: readonly Uint8Array[],
  displaced: VersionUid | undefined,
): Promise<Gathering | undefined> {
  const parts = new Gathering();
  const row = contentRow(source.contentId);
  const openers = withOpeners(openersOf(source), references);
  if (!source.shared) {
    parts.expect.push({ ...row, rev: "absent" });
    const content = { references: [source.uid, uid], openedBy: openers };
    parts.put.push(records.seal(contentCodec, "content", row.key, content));
    return parts;
  }
  const entry = await contentOf(records, source);
  const held = entry.value;
  if (held.references.length >= SHARED_REFERENCES_MAX || held.openedBy.length >= OPENERS_MAX)
    return undefined;
  parts.expect.push(unchanged(entry));
  const content = {
    references: [
      ...held.references.filter((one) => displaced === undefined || !sameBytes(one, displaced)),
      uid,
    ],
    openedBy: withOpeners(held.openedBy, openers),
  };
  parts.put.push(records.seal(contentCodec, "content", row.key, content));
  return parts;
}

/** Whether another key may be listed as having opened this version, and what it shares. */
export async function mayBeRewrapped(records: Records, version: ObjectVersion): Promise<boolean> {
  if (version.openedBy.length >= OPENERS_MAX) return false;
  return !version.shared || (await contentOf(records, version)).value.openedBy.length < OPENERS_MAX;
}

/** The same reference under other keys, or held by another version from now on. Nothing for a content of its own. */
export async function changeReference(
  records: Records,
  version: ObjectVersion,
  uid: VersionUid,
  references: readonly Uint8Array[],
): Promise<Gathering> {
  const parts = new Gathering();
  if (!version.shared) return parts;
  const entry = await contentOf(records, version);
  parts.expect.push(unchanged(entry));
  const content = {
    references: entry.value.references.map((held) => (sameBytes(held, version.uid) ? uid : held)),
    openedBy: withOpeners(withOpeners(entry.value.openedBy, formerOpeners(version, [])), references),
  };
  parts.put.push(records.seal(contentCodec, "content", contentRow(version.contentId).key, content));
  return parts;
}

async function contentOf(records: Records, version: ObjectVersion) {
  const entry = await records.get(contentCodec, "content", contentRow(version.contentId).key);
  if (entry === undefined) throw new IntegrityError("a shared content without its row");
  if (!entry.value.references.some((uid) => sameBytes(uid, version.uid))) {
    throw new IntegrityError("a shared content does not know its version");
  }
  return entry;
}
