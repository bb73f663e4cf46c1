import { operation, onObject, ownBucket } from "../operation.ts";
import { ownerHasAll } from "../show/acl.ts";

export const GetObjectAcl = operation({
  name: "GetObjectAcl",
  route: { method: "GET", target: "object", query: ["acl"] },
  needs: onObject("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
  hidesMissing: ownBucket,
  parse: (req) => ({ key: req.key, versionId: req.versionId }),
  /** The tags are the cheapest thing that needs no customer key and tells whether the version is there. */
  handle: ({ key, versionId }, req) => req.deps.objects.getTags(req.bucket, key, versionId),
  respond: (_found, req) => ownerHasAll(req.deps.ownerOf(req.bucket.owner)),
});
