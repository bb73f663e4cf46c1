/**
 * A condition on what is there now tells about it by whether it holds, so it takes the right to read as well: S3 asks for
 * s3:GetObject beside the write or the delete wherever an ETag (a size, a time) is compared. `*` tells no more than that
 * something is there.
 */
import type { ObjectKey } from "../../../base/ids.ts";
import type { Need } from "../operation.ts";
import type { S3Request } from "../request.ts";

export const readNeed = ({ bucket }: S3Request, key: ObjectKey, versionId: string | undefined): Need =>
  versionId === undefined
    ? { action: "s3:GetObject", bucket, key }
    : { action: "s3:GetObjectVersion", bucket, key, versionId };

/** Those of a write to the request's own key, and the read that its If-Match is. */
export function withMatch(req: S3Request, needs: Need[]): Need[] {
  if (req.headers.find("if-match") !== undefined) needs.push(readNeed(req, req.key, undefined));
  return needs;
}
