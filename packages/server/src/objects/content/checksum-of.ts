/**
 * The checksum that a version shows. It stands in the envelope's private part; where there is none (form 2: completed
 * without the customer's key), it is combined from the parts' sealed ones.
 */
import { decodeChecksums, openPartChecksums } from "@strongroom/crypto";
import { IntegrityError } from "../../base/errors.ts";
import { STREAM_PAGE_ENTRIES } from "../../base/limits.ts";
import type { Records } from "../../store/records.ts";
import type { Checksum } from "../api.ts";
import { checksumOf } from "../checksum/algorithms.ts";
import { combineCrc } from "../checksum/combine.ts";
import type { Deks, OpenedVersion } from "../encryption/envelopes.ts";
import { breathe } from "../listing/list-keys.ts";
import { parsed } from "../rows/codecs.ts";
import type { ObjectVersion } from "../rows/version-record.ts";
import { base64, type KeptChecksum } from "./build.ts";
import { asIntegrity, type StreamRef, streamsOf } from "./open.ts";

export async function checksumOfVersion(
  records: Records,
  version: ObjectVersion,
  opened: OpenedVersion,
): Promise<KeptChecksum | undefined> {
  const shown = version.manifest.checksum;
  if (shown === undefined) return undefined;
  const kept = parsed("private checksums", () => decodeChecksums(opened.private));
  const value = kept.find(({ algorithm }) => algorithm === shown.algorithm)?.value;
  if (value !== undefined) return { ...shown, value };
  return { ...shown, value: await combined(records, version, opened.deks, shown) };
}

/** A CRC over the whole object from its parts' (a copy of a composite object shows this one). */
export async function combinedFullObject(
  records: Records,
  version: ObjectVersion,
  { deks }: OpenedVersion,
  algorithm: Checksum["algorithm"],
): Promise<KeptChecksum> {
  const type = "FULL_OBJECT" as const;
  return { algorithm, type, value: await combined(records, version, deks, { algorithm, type }) };
}

async function combined(
  records: Records,
  version: ObjectVersion,
  deks: Deks,
  { algorithm, type }: NonNullable<ObjectVersion["manifest"]["checksum"]>,
): Promise<Uint8Array> {
  let whole: Uint8Array | undefined;
  const values: Uint8Array[] = [];
  let count = 0;
  for await (const ref of streamsOf(records, version, 0, Number.POSITIVE_INFINITY, true)) {
    // Records in memory come without a turn of the loop: ten thousand ciphers in a row would hold up everybody else.
    if (++count % STREAM_PAGE_ENTRIES === 0) await breathe();
    const value = partChecksums(ref, deks).find((c) => c.algorithm === algorithm)?.value;
    if (value === undefined) throw new IntegrityError("a part without the object's checksum");
    if (type === "COMPOSITE") values.push(value);
    else if (whole === undefined) whole = value;
    else whole = combineCrc(algorithm, whole, value, ref.entry.plaintextSize);
  }
  if (type === "COMPOSITE") return checksumOf(algorithm, Buffer.concat(values));
  if (whole === undefined) throw new IntegrityError("an object without parts has no checksum to combine");
  return whole;
}

export function partChecksums(
  ref: StreamRef,
  deks: Deks,
): readonly { readonly algorithm: Checksum["algorithm"]; readonly value: Uint8Array }[] {
  const { sealedChecksums, commitments } = ref.entry;
  if (sealedChecksums.length === 0) return [];
  try {
    return openPartChecksums(deks[0], commitments[0], sealedChecksums);
  } catch (error) {
    throw asIntegrity(error);
  }
}

/** As responses show it: a composite value carries the number of parts. */
export function shownChecksum(checksum: KeptChecksum, partCount: number): Checksum {
  const { algorithm, type, value } = checksum;
  const text = base64(value);
  return { algorithm, type, value: type === "COMPOSITE" ? `${text}-${partCount}` : text };
}
