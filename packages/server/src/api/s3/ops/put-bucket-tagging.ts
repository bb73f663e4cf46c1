import { BUCKET_TAGS_MAX } from "../../../base/limits.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { smallBody } from "../body.ts";
import { operation, onBucket } from "../operation.ts";
import { parseTagging } from "../read/tags.ts";

export const PutBucketTagging = operation({
  name: "PutBucketTagging",
  route: { method: "PUT", target: "bucket", query: ["tagging"] },
  needs: onBucket("s3:PutBucketTagging"),
  parse: async (req) => parseTagging(await smallBody(req, { required: true }), BUCKET_TAGS_MAX, "bucket"),
  handle: (tags, req) => req.deps.buckets.putTags(req.caller, req.bucket, tags),
  respond: () => emptyAnswer(204),
});
