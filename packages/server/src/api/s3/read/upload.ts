/** What the calls on an upload share: its id, its part numbers, and the rights with the upload's own conditions. */
import { fail } from "../../../base/errors.ts";
import type { UploadTarget } from "../../../objects/api.ts";
import type { Need } from "../operation.ts";
import type { S3Request } from "../request.ts";
import { partNumberOf } from "./preconditions.ts";

export function uploadTargetOf(req: S3Request): UploadTarget {
  const uploadId = req.query.get("uploadId") ?? "";
  if (uploadId === "") fail("NoSuchUpload", { elements: { UploadId: uploadId } });
  return { key: req.key, uploadId };
}

export function requiredPartNumber(req: S3Request): number {
  return (
    partNumberOf(req) ??
    fail("InvalidArgument", {
      message: "This operation requires the partNumber parameter.",
      elements: { ArgumentName: "partNumber" },
    })
  );
}

/** Parts carry no encryption headers: conditions see what CreateMultipartUpload carried (spec I.2). */
export async function partNeeds(req: S3Request): Promise<Need[]> {
  const uploadId = req.query.get("uploadId") ?? "";
  if (uploadId !== "") {
    req.asked = await req.deps.uploads.access(req.bucket, { key: req.key, uploadId });
  }
  return [{ action: "s3:PutObject", bucket: req.bucket, key: req.key }];
}
