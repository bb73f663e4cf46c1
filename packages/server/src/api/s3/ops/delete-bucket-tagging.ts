import { emptyAnswer } from "../../common/answer.ts";
import { operation, onBucket } from "../operation.ts";

export const DeleteBucketTagging = operation({
  name: "DeleteBucketTagging",
  route: { method: "DELETE", target: "bucket", query: ["tagging"] },
  needs: onBucket("s3:PutBucketTagging"),
  parse: (req) => req.bucket,
  handle: (bucket, req) => req.deps.buckets.putTags(req.caller, bucket, undefined),
  respond: () => emptyAnswer(204),
});
