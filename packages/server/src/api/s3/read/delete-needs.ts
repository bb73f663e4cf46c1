/** Rights to delete one version or the present one of a key (spec access 8). */
import type { ObjectKey } from "../../../base/ids.ts";
import type { Need } from "../operation.ts";
import type { S3Request } from "../request.ts";
import { readNeed } from "./match-needs.ts";

/** What a delete is made to depend on. */
export interface DeleteConditions {
  readonly ifMatch: string | undefined;
  /** They stand in a body: what s3:if-match sees then. */
  readonly inBody: boolean;
}

export function deleteNeeds(
  req: S3Request,
  key: ObjectKey,
  versionId: string | undefined,
  { ifMatch, inBody }: DeleteConditions,
): readonly Need[] {
  const { bucket } = req;
  const version = versionId === undefined ? {} : { versionId };
  const action = versionId === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion";
  const seen = inBody ? { ifMatch: ifMatch === undefined ? [] : [ifMatch] } : {};
  const needs: Need[] = [{ action, bucket, key, ...version, ...seen }];
  if (ifMatch !== undefined && ifMatch !== "*") needs.push(readNeed(req, key, versionId));
  if (req.header("x-amz-bypass-governance-retention")?.toLowerCase() === "true") {
    needs.push({ action: "s3:BypassGovernanceRetention", bucket, key, ...version });
  }
  return needs;
}
