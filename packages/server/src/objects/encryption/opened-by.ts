/**
 * "Also opened by" (sealed format section 4): which keys could once open a dek that has been re-wrapped since. A reference
 * is kept without what only opening needs (encrypted key, context), so that each key is listed once. A customer's key
 * has another reference each time it wraps, so the lists have bounds: a row must hold them.
 */
import { decodeKekReference, encodeKekReference } from "@strongroom/crypto";
import { withReferences } from "../rows/content-record.ts";
import type { ObjectVersion } from "../rows/version-record.ts";

/** Former openers of a version from which on a copy onto itself takes a new dek, under which the list is empty again. */
export const OPENERS_OF_COPY_MAX = 64;
/** The most that a version, or all that share a content, may list where the dek has to stay. */
export const OPENERS_MAX = 256;

const NOTHING = new Uint8Array(0);

function named(reference: Uint8Array): Uint8Array {
  const ref = decodeKekReference(reference);
  switch (ref.kind) {
    case "epoch":
    case "customer":
      return reference;
    case "kms":
    case "kms-bucket-key":
      return encodeKekReference({
        kind: "kms",
        keyArn: ref.keyArn,
        encryptedKey: NOTHING,
        context: NOTHING,
      });
  }
}

/** Everything that opens or ever opened this version's deks. */
export function openersOf(version: ObjectVersion): readonly Uint8Array[] {
  return withReferences(
    version.openedBy,
    version.envelopes.map(({ kekReference }) => named(kekReference)),
  );
}

/** What a version re-wrapped under `references` has to list: its former openers, without the present ones. */
export function formerOpeners(
  version: ObjectVersion,
  references: readonly Uint8Array[],
): readonly Uint8Array[] {
  const present = references.map(named);
  return openersOf(version).filter((former) => !present.some((now) => same(now, former)));
}

export function withOpeners(
  known: readonly Uint8Array[],
  references: readonly Uint8Array[],
): readonly Uint8Array[] {
  return withReferences(known, references.map(named));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
