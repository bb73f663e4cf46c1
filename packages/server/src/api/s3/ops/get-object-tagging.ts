import { xmlAnswer } from "../../common/answer.ts";
import { s3Document } from "../../common/xml-write.ts";
import { operation, onObject, ownBucket } from "../operation.ts";
import { tagSetXml, versionHeader } from "../show/object.ts";

export const GetObjectTagging = operation({
  name: "GetObjectTagging",
  route: { method: "GET", target: "object", query: ["tagging"] },
  needs: onObject("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
  hidesMissing: ownBucket,
  parse: (req) => ({ key: req.key, versionId: req.versionId }),
  handle: ({ key, versionId }, req) => req.deps.objects.getTags(req.bucket, key, versionId),
  respond: ({ tags, versionId }) =>
    xmlAnswer(200, s3Document("Tagging", tagSetXml(tags)), versionHeader(versionId)),
});
