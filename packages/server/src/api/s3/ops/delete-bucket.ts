import { emptyAnswer } from "../../common/answer.ts";
import { operation, onBucket } from "../operation.ts";

export const DeleteBucket = operation({
  name: "DeleteBucket",
  route: { method: "DELETE", target: "bucket" },
  needs: onBucket("s3:DeleteBucket"),
  parse: (req) => req.bucket,
  handle: (bucket, req) => req.deps.buckets.delete(req.caller, bucket),
  respond: () => emptyAnswer(204),
});
