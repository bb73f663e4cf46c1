import { emptyAnswer } from "../../common/answer.ts";
import { operation, onObject, ownBucket } from "../operation.ts";
import { versionHeader } from "../show/object.ts";

export const DeleteObjectTagging = operation({
  name: "DeleteObjectTagging",
  route: { method: "DELETE", target: "object", query: ["tagging"] },
  needs: onObject("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
  hidesMissing: ownBucket,
  parse: (req) => ({ key: req.key, versionId: req.versionId }),
  handle: ({ key, versionId }, req) => req.deps.objects.putTags(req.caller, req.bucket, key, versionId, []),
  respond: ({ versionId }) => emptyAnswer(204, versionHeader(versionId)),
});
