import { emptyAnswer } from "../../common/answer.ts";
import { operation, onBucket } from "../operation.ts";

export const DeleteBucketEncryption = operation({
  name: "DeleteBucketEncryption",
  route: { method: "DELETE", target: "bucket", query: ["encryption"] },
  needs: onBucket("s3:PutEncryptionConfiguration"),
  parse: (req) => req.bucket,
  handle: (bucket, req) => req.deps.buckets.deleteEncryption(req.caller, bucket),
  respond: () => emptyAnswer(204),
});
