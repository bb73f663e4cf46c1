import { OBJECT_TAGS_MAX } from "../../../base/limits.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { smallBody } from "../body.ts";
import { operation, onObject, ownBucket } from "../operation.ts";
import { parseTagging } from "../read/tags.ts";
import { versionHeader } from "../show/object.ts";

export const PutObjectTagging = operation({
  name: "PutObjectTagging",
  route: { method: "PUT", target: "object", query: ["tagging"] },
  needs: onObject("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
  hidesMissing: ownBucket,
  parse: async (req) => ({
    key: req.key,
    versionId: req.versionId,
    tags: parseTagging(await smallBody(req, { required: true }), OBJECT_TAGS_MAX, "object"),
  }),
  handle: ({ key, versionId, tags }, req) =>
    req.deps.objects.putTags(req.caller, req.bucket, key, versionId, tags),
  respond: ({ versionId }) => emptyAnswer(200, versionHeader(versionId)),
});
