import { operation, onBucket } from "../operation.ts";
import { ownerHasAll } from "../show/acl.ts";

export const GetBucketAcl = operation({
  name: "GetBucketAcl",
  route: { method: "GET", target: "bucket", query: ["acl"] },
  needs: onBucket("s3:GetBucketAcl"),
  parse: (req) => req.deps.ownerOf(req.bucket.owner),
  handle: (owner) => Promise.resolve(owner),
  respond: (owner) => ownerHasAll(owner),
});
