/**
 * How a copy is made (sealed format section 4). `move`: onto itself where the commit removes the source, so only the
 * envelope is written anew. `share`: within one bucket, in the same mode under the same KMS key, the target refers to the
 * same content. Else `re-encrypt`: the bytes are read and sealed under a dek of the target's own.
 */
import type { EncryptionShown } from "./api.ts";
import { isLinear } from "./checksum/algorithms.ts";
import { shownOf } from "./encryption/keks.ts";
import { OPENERS_OF_COPY_MAX } from "./encryption/opened-by.ts";
import type { StandingObject, Target } from "./publish.ts";
import type { ObjectVersion } from "./rows/version-record.ts";
import type { ChecksumAlgorithm, CopyObjectInput } from "./api.ts";

export type CopyPlan = "move" | "share" | "re-encrypt";

export function planCopy(
  target: Target,
  input: CopyObjectInput,
  source: StandingObject,
  to: EncryptionShown,
): CopyPlan {
  const { version } = source;
  if (!sameBucket(target, input) || !checksumAtHand(version, input.checksumAlgorithm)) return "re-encrypt";
  if (version.openedBy.length >= OPENERS_OF_COPY_MAX) return "re-encrypt";
  // A target in SSE-S3 shows the MD5 of its bytes, which only a single-part SSE-S3 source has (nothing else turns into one).
  if (to.mode === "SSE-S3" && !(version.mode === "SSE-S3" && version.manifest.shownPartCount === 0)) {
    return "re-encrypt";
  }
  if (removesSource(target, source)) {
    return layersOf(version.mode) === layersOf(to.mode) ? "move" : "re-encrypt";
  }
  const from = shownOf(version, undefined);
  if (from.mode === "SSE-S3" && to.mode === "SSE-S3") return "share";
  if (from.mode === "SSE-KMS" && to.mode === "SSE-KMS" && from.keyArn === to.keyArn) return "share";
  return "re-encrypt";
}

const layersOf = (mode: ObjectVersion["mode"]): number => (mode === "DSSE-KMS" ? 2 : 1);

function sameBucket(target: Target, { source }: CopyObjectInput): boolean {
  const other = source.bucket.id;
  return target.bucket.id.every((byte, i) => byte === other[i]);
}

/** The new null version takes the place of the source: same key, and the source is its null version. */
function removesSource(target: Target, { version, table }: StandingObject): boolean {
  return (
    table === "head" && version.key === target.key && version.isNull && target.bucket.versioning !== "enabled"
  );
}

/** The source itself, and not an older version of it. One that is named by its id S3 lets be copied where versions are kept. */
export function ontoItself(target: Target, input: CopyObjectInput, source: StandingObject): boolean {
  const named = input.source.versionId !== undefined && target.bucket.versioning === "enabled";
  return !named && sameBucket(target, input) && input.source.key === target.key && source.table === "head";
}

/** The checksum that the copy will show must be there without reading the bytes: whole, or combinable from the parts. */
function checksumAtHand(version: ObjectVersion, wanted: ChecksumAlgorithm | undefined): boolean {
  const { checksum } = version.manifest;
  if (checksum === undefined || (wanted !== undefined && wanted !== checksum.algorithm)) return false;
  return checksum.type === "FULL_OBJECT" || isLinear(checksum.algorithm);
}
