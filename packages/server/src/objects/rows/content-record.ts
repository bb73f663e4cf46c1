/**
 * The row of a shared content (sealed format section 9): which versions refer to it, and every kek reference that ever
 * opened its dek (erasure receipts). A content that was never shared has no row. From the first share on, every commit
 * that adds or removes a reference expects and rewrites it; the commit that removes the last one frees the content.
 *
 *     format(1) = 1 || references(4) || versionUid(16) each || openedBy(4) || LP(kek reference) each
 */
import { Reader, Writer } from "@strongroom/crypto";
import { asId, type ContentId, type VersionUid } from "../../base/ids.ts";
import type { Codec } from "../../store/codec.ts";
import type { RowKey } from "../../store/port.ts";
import { parsed } from "./codecs.ts";

export interface SharedContent {
  readonly references: readonly VersionUid[];
  readonly openedBy: readonly Uint8Array[];
}

export const contentRow = (content: ContentId): RowKey => ({ table: "content", key: content });

export const contentCodec: Codec<SharedContent> = {
  version: 1,
  encode: ({ references, openedBy }) => {
    const out = new Writer(64 + references.length * 16).u8(1).u32(references.length);
    for (const uid of references) out.fixed(uid, 16);
    out.u32(openedBy.length);
    for (const reference of openedBy) out.lp(reference);
    return out.done();
  },
  decode: (body) =>
    parsed("a content record", () => {
      const reader: Reader = new Reader(body, "content record");
      if (reader.u8() !== 1) reader.fail("unknown format");
      const references: VersionUid[] = [];
      for (let n = reader.u32(); n > 0; n--) references.push(asId<VersionUid>(reader.take(16)));
      const openedBy: Uint8Array[] = [];
      for (let n = reader.u32(); n > 0; n--) openedBy.push(reader.lp());
      reader.end();
      return { references, openedBy };
    }),
};

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Appends the references that are not there yet. */
export function withReferences(
  known: readonly Uint8Array[],
  more: readonly Uint8Array[],
): readonly Uint8Array[] {
  const added = more.filter((reference) => !known.some((k) => sameBytes(k, reference)));
  return added.length === 0 ? known : [...known, ...added];
}
