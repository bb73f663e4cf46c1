/**
 * Object tags: facts outside the manifest, protected by the sealed record. No key of any mode is needed. A delete marker
 * has none, and says so even where it is current and nobody named it.
 */
import type { ObjectKey } from "../base/ids.ts";
import type { Bucket, Tag } from "./api.ts";
import type { Core } from "./core.ts";
import { versionIdShown } from "./facts.ts";
import { targetOf } from "./publish.ts";
import { findObject } from "./read-open.ts";
import { draftOf } from "./rows/version-record.ts";

export async function getTags(
  core: Core,
  bucket: Bucket,
  key: ObjectKey,
  versionId: string | undefined,
): Promise<{ readonly versionId?: string; readonly tags: readonly Tag[] }> {
  const { version } = await findObject(core, targetOf(bucket, key), versionId, "MethodNotAllowed");
  return { ...versionIdShown(bucket, version), tags: version.tags };
}

export async function putTags(
  core: Core,
  bucket: Bucket,
  key: ObjectKey,
  versionId: string | undefined,
  tags: readonly Tag[],
): Promise<{ readonly versionId?: string }> {
  const target = targetOf(bucket, key);
  return core.publisher.rewrite(target, async () => {
    const standing = await findObject(core, target, versionId, "MethodNotAllowed");
    const { version } = standing;
    return {
      standing,
      draft: { ...draftOf(version), tags },
      result: versionIdShown(bucket, version),
    };
  });
}
