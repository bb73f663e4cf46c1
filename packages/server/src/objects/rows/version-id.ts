/**
 * Version ids as clients see them: 32 lower-case hex digits, the first 8 bytes of the version's uid and its sequence
 * under the key. The sequence leads to the row, so no index is needed; the uid part makes ids unguessable and tells a
 * version from another one that once had the same sequence. The null version is "null".
 */
import { failArgument } from "../../base/errors.ts";
import type { VersionUid } from "../../base/ids.ts";

export const NULL_VERSION = "null";
const UID_BYTES = 8;
const SHAPE = /^[0-9a-f]{32}$/;

export type VersionSelector =
  | { readonly kind: "null" }
  | { readonly kind: "sequence"; readonly sequence: number; readonly id: string };

export function versionIdOf(version: {
  readonly isNull: boolean;
  readonly uid: VersionUid;
  readonly sequence: number;
}): string {
  if (version.isNull) return NULL_VERSION;
  let text = "";
  for (let i = 0; i < UID_BYTES; i++) text += HEX[version.uid[i] ?? 0];
  return text + version.sequence.toString(16).padStart(16, "0");
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Throws InvalidArgument for what this store never issues. */
export function parseVersionId(text: string): VersionSelector {
  if (text === NULL_VERSION) return { kind: "null" };
  const sequence = SHAPE.test(text) ? Number.parseInt(text.slice(UID_BYTES * 2), 16) : 0;
  if (sequence === 0 || !Number.isSafeInteger(sequence)) {
    failArgument("Invalid version id specified", "versionId", text);
  }
  return { kind: "sequence", sequence, id: text };
}
