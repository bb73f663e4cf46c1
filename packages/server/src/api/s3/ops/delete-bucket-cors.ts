import { emptyAnswer } from "../../common/answer.ts";
import { operation, onBucket } from "../operation.ts";

/** The right is that of writing: S3 has none of its own for this. */
export const DeleteBucketCors = operation({
  name: "DeleteBucketCors",
  route: { method: "DELETE", target: "bucket", query: ["cors"] },
  needs: onBucket("s3:PutBucketCORS"),
  parse: (req) => req.bucket,
  handle: (bucket, req) => req.deps.buckets.putCors(req.caller, bucket, undefined),
  respond: () => emptyAnswer(204),
});
