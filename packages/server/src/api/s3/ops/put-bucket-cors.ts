import { emptyAnswer } from "../../common/answer.ts";
import { CORS_BODY_BYTES_MAX } from "../../../base/limits.ts";
import { smallBody } from "../body.ts";
import { operation, onBucket } from "../operation.ts";
import { parseCors } from "../read/cors.ts";

export const PutBucketCors = operation({
  name: "PutBucketCors",
  route: { method: "PUT", target: "bucket", query: ["cors"] },
  needs: onBucket("s3:PutBucketCORS"),
  parse: async (req) => parseCors(await smallBody(req, { required: true, bytesMax: CORS_BODY_BYTES_MAX })),
  handle: (rules, req) => req.deps.buckets.putCors(req.caller, req.bucket, rules),
  respond: () => emptyAnswer(200),
});
