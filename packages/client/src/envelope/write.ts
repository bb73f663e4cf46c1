/** Writes envelopes: the entries for the object's metadata and for the instruction file (spec sections 2 and 7). */
import { encodeBase64, utf8 } from "@strongroom/crypto/common";
import { fail } from "../errors.ts";
import { wrapRow } from "../suites.ts";
import type { Envelope } from "./envelope.ts";
import { type StringMap, writeJsonMap } from "./json-map.ts";
import { ENVELOPE_NAMES, METADATA_BYTES_MAX, NAME } from "./names.ts";

export interface WrittenEnvelope {
  /** Goes into the object's user metadata. */
  readonly object: StringMap;
  /** Goes into the instruction file, when there is one. */
  readonly file: StringMap | undefined;
}

export function writeEnvelope(envelope: Envelope): WrittenEnvelope {
  const keys = new Map<string, string>();
  const own = new Map<string, string>();
  const wrapped = encodeBase64(envelope.wrapped);
  const row = wrapRow(envelope.wrap);
  if (envelope.format === "V3") {
    own.set(NAME.content, "115");
    own.set(NAME.commitment, encodeBase64(envelope.commitment));
    own.set(NAME.messageId, encodeBase64(envelope.messageId));
    keys.set(NAME.keyV3, wrapped);
    keys.set(NAME.wrap, row.v3Code ?? fail("Unsupported", "a V3 envelope needs a current wrap"));
    if (envelope.description.size > 0)
      keys.set(row.usesContext ? NAME.context : NAME.description, writeJsonMap(envelope.description));
  } else {
    keys.set(NAME.keyV2, wrapped);
    keys.set(NAME.iv, encodeBase64(envelope.iv));
    keys.set(NAME.wrapAlg, envelope.wrap);
    keys.set(NAME.cekAlg, envelope.content === "GCM" ? "AES/GCM/NoPadding" : "AES/CBC/PKCS5Padding");
    keys.set(NAME.tagLen, envelope.content === "GCM" ? "128" : "0");
    keys.set(NAME.matdesc, writeJsonMap(envelope.description));
  }
  if (envelope.inInstructionFile) return { object: own, file: keys };
  return { object: new Map([...own, ...keys]), file: undefined };
}

/** The caller's metadata with the envelope merged in; refuses reserved names and what S3 would refuse for its size. */
export function mergeMetadata(
  caller: Readonly<Record<string, string>> | undefined,
  envelope: StringMap,
): Record<string, string> {
  rejectEnvelopeNames(caller);
  const merged = { ...caller, ...Object.fromEntries(envelope) };
  let size = 0;
  for (const [name, value] of Object.entries(merged)) size += utf8(name).length + utf8(value).length;
  if (size > METADATA_BYTES_MAX) fail("MetadataTooLarge", `${size} bytes`);
  return merged;
}

export function rejectEnvelopeNames(caller: Readonly<Record<string, string>> | undefined): void {
  for (const name of Object.keys(caller ?? {}))
    if (ENVELOPE_NAMES.has(name.toLowerCase())) fail("ReservedMetadata", name.toLowerCase());
}
