import { operation, onObject, ownBucket } from "../operation.ts";
import { ownerHasAll } from "../show/acl.ts";

export const GetObjectAcl = operation({
  name: "GetObjectAcl",
  route: { method: "GET", target: "object", query: ["acl"] },
  needs: onObject("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
  hidesMissing: ownBucket,
  parse: (req) => ({ key: req.key, versionId: req.versionId }),
  handle: ({ key, versionId }, req) => req.deps.objects.requireObject(req.bucket, key, versionId),
  respond: (_found, req) => ownerHasAll(req.deps.ownerOf(req.bucket.owner)),
});
