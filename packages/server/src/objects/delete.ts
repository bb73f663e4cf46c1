/**
 * DeleteObject. No key of any mode is needed (spec A.2, E.5). Without a version id a versioned bucket gets a delete marker;
 * with one the version goes for good. Deleting what is not there succeeds, unless it was to be matched: who deletes what has
 * been replaced or deleted since would take the other's deed for its own.
 */
import type { Caller } from "../base/caller.ts";
import { failHeader } from "../base/errors.ts";
import { newVersionUid } from "../base/ids.ts";
import type { Bucket, DeleteInput, DeleteResult } from "./api.ts";
import type { Core } from "./core.ts";
import { etagOf } from "./facts.ts";
import { type Target, targetOf } from "./publish.ts";
import { decideWrite } from "./read-conditions.ts";
import { parseVersionId } from "./rows/version-id.ts";
import type { Version } from "./rows/version-record.ts";

export async function deleteObject(
  core: Core,
  _caller: Caller,
  bucket: Bucket,
  input: DeleteInput,
): Promise<DeleteResult> {
  const target = targetOf(bucket, input.key);
  if (input.versionId !== undefined) {
    const selector = parseVersionId(input.versionId);
    // S3 matches the current version only.
    if (input.ifMatch !== undefined) failHeader("If-Match");
    const removed = await core.publisher.remove(target, selector);
    return { versionId: input.versionId, deleteMarker: removed?.kind === "marker" };
  }
  if (bucket.versioning === "unversioned" && (await removeUnversioned(core, target, input))) {
    return { deleteMarker: false };
  }
  const draft = { kind: "marker" as const, uid: newVersionUid(), lastModifiedMs: core.clock.now() };
  const inserted = await core.publisher.insert(target, {
    draft,
    decide: (current) => requireMatch(input, current),
  });
  return { versionId: inserted.versionId, deleteMarker: true };
}

/**
 * False where the current version turns out to be none of an unversioned bucket's: versioning was enabled meanwhile, and
 * no version may be lost to a request that has not heard of it.
 */
async function removeUnversioned(core: Core, target: Target, input: DeleteInput): Promise<boolean> {
  let versioned = false;
  await core.publisher
    .remove(target, "current", (current) => {
      versioned = current !== undefined && !current.isNull;
      if (versioned) throw new VersionedMeanwhile();
      requireMatch(input, current);
    })
    .catch((error: unknown) => {
      if (!(error instanceof VersionedMeanwhile)) throw error;
    });
  return !versioned;
}

/** Leaves the loop that commits; never leaves this file. */
class VersionedMeanwhile extends Error {}

/** The condition of a delete, against the version that would go: S3 answers 404 where there is none, or a marker. */
function requireMatch({ key, ifMatch }: DeleteInput, version: Version | undefined): void {
  if (ifMatch === undefined) return;
  decideWrite({ ifMatch }, key, version?.kind === "object" ? etagOf(version) : undefined);
}
