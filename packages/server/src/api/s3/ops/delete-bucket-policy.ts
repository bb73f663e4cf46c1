import { emptyAnswer } from "../../common/answer.ts";
import { operation, onBucket } from "../operation.ts";
import { ownersOnly, previousPolicy } from "./put-bucket-policy.ts";

export const DeleteBucketPolicy = operation({
  name: "DeleteBucketPolicy",
  route: { method: "DELETE", target: "bucket", query: ["policy"] },
  needs: onBucket("s3:DeleteBucketPolicy"),
  parse: (req) => {
    ownersOnly(req);
    return req.bucket;
  },
  handle: (bucket, req) => {
    req.audited = previousPolicy(bucket);
    return req.deps.buckets.putPolicy(req.caller, bucket, undefined);
  },
  respond: () => emptyAnswer(204),
});
