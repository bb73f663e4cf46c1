/** The public facts of a stored version. None of them needs a key (what must never happen, 7). */
import { etagText } from "@strongroom/crypto";
import type { Bucket, ObjectFacts } from "./api.ts";
import { shownOf } from "./encryption/keks.ts";
import { versionIdOf } from "./rows/version-id.ts";
import type { ObjectVersion } from "./rows/version-record.ts";

export const etagOf = (version: ObjectVersion): string => etagText(version.manifest);

/** `keyMd5`: of the customer's key in this request, which responses echo. Others get the same object each time. */
export function factsOf(bucket: Bucket, version: ObjectVersion, keyMd5: string | undefined): ObjectFacts {
  if (keyMd5 !== undefined) return collect(bucket, version, keyMd5);
  const { facts } = version.derived;
  // Versioning that was switched on since shows ids.
  const showsId = bucket.versioning !== "unversioned";
  if (facts !== undefined && (facts.versionId !== undefined) === showsId) return facts;
  return (version.derived.facts = collect(bucket, version, undefined));
}

function collect(bucket: Bucket, version: ObjectVersion, keyMd5: string | undefined): ObjectFacts {
  const { manifest } = version;
  return {
    key: version.key,
    ...versionIdShown(bucket, version),
    etag: etagText(manifest),
    size: manifest.plaintextSize,
    lastModifiedMs: version.lastModifiedMs,
    headers: manifest.contentHeaders,
    metadata: manifest.userMetadata,
    tagCount: version.tags.length,
    encryption: shownOf(version, keyMd5),
    ...(manifest.shownPartCount === 0 ? {} : { partCount: manifest.shownPartCount }),
  };
}

/** A bucket that never had versioning shows no ids. */
export function versionIdShown(
  bucket: Bucket,
  version: Parameters<typeof versionIdOf>[0],
): { readonly versionId?: string } {
  return bucket.versioning === "unversioned" ? {} : { versionId: versionIdOf(version) };
}
