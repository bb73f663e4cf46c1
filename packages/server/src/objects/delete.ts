/**
 * DeleteObject. No key of any mode is needed (spec A.2, E.5). Without a version id a versioned bucket gets a delete marker;
 * with one the version goes for good. Deleting what is not there succeeds.
 */
import type { Caller } from "../base/caller.ts";
import { newVersionUid } from "../base/ids.ts";
import type { Bucket, DeleteInput, DeleteResult } from "./api.ts";
import type { Core } from "./core.ts";
import { etagOf } from "./facts.ts";
import { type Target, targetOf } from "./publish.ts";
import { failed } from "./read-conditions.ts";
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
    const removed = await core.publisher.remove(target, selector, (version) => requireMatch(input, version));
    return { versionId: input.versionId, deleteMarker: removed?.kind === "marker" };
  }
  if (conditional(input)) {
    // There is nothing that a condition could protect: as without it, deleting what is not there succeeds.
    const current = await core.publisher.current(target);
    if (current?.version.kind !== "object") return { deleteMarker: false };
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

const conditional = (input: DeleteInput): boolean =>
  input.ifMatch !== undefined || input.ifMatchLastModifiedMs !== undefined || input.ifMatchSize !== undefined;

/** Conditions of a conditional delete, against the version that would go. */
function requireMatch(input: DeleteInput, version: Version | undefined): void {
  if (version?.kind !== "object") return;
  const { ifMatch, ifMatchLastModifiedMs, ifMatchSize } = input;
  if (ifMatch !== undefined && ifMatch !== "*" && ifMatch !== etagOf(version)) failed("If-Match");
  if (ifMatchSize !== undefined && ifMatchSize !== version.manifest.plaintextSize) {
    failed("x-amz-if-match-size");
  }
  if (
    ifMatchLastModifiedMs !== undefined &&
    Math.floor(ifMatchLastModifiedMs / 1000) !== Math.floor(version.lastModifiedMs / 1000)
  ) {
    failed("x-amz-if-match-last-modified-time");
  }
}
