/** Rights to delete one version or the present one of a key (spec access 8). */
import type { ObjectKey } from "../../../base/ids.ts";
import type { Need } from "../operation.ts";
import type { S3Request } from "../request.ts";

export function deleteNeeds(req: S3Request, key: ObjectKey, versionId: string | undefined): readonly Need[] {
  const { bucket } = req;
  const version = versionId === undefined ? {} : { versionId };
  const action = versionId === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion";
  const needs: Need[] = [{ action, bucket, key, ...version }];
  if (req.header("x-amz-bypass-governance-retention")?.toLowerCase() === "true") {
    needs.push({ action: "s3:BypassGovernanceRetention", bucket, key, ...version });
  }
  return needs;
}
