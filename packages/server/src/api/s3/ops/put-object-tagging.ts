import { OBJECT_TAGS_MAX, EARLY_BODY_BYTES_MAX } from "../../../base/limits.ts";
import type { Tag } from "../../../objects/api.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { smallBody } from "../body.ts";
import { operation, onObject, ownBucket } from "../operation.ts";
import { parseTagging } from "../read/tags.ts";
import type { S3Request } from "../request.ts";
import { versionHeader } from "../show/object.ts";

const need = onObject("s3:PutObjectTagging", "s3:PutObjectVersionTagging");

/** Policies on s3:RequestObjectTag need the body; what is wrong with it is said after the rights. */
const TAGS = new WeakMap<S3Request, Promise<readonly Tag[]>>();

export const PutObjectTagging = operation({
  name: "PutObjectTagging",
  route: { method: "PUT", target: "object", query: ["tagging"] },
  needs: async (req) => {
    const pending = readTags(req);
    TAGS.set(req, pending);
    req.askedTags = await pending.catch(() => []);
    return need(req);
  },
  hidesMissing: ownBucket,
  parse: async (req) => ({
    key: req.key,
    versionId: req.versionId,
    tags: await (TAGS.get(req) ?? readTags(req)),
  }),
  handle: ({ key, versionId, tags }, req) =>
    req.deps.objects.putTags(req.caller, req.bucket, key, versionId, tags),
  respond: ({ versionId }) => emptyAnswer(200, versionHeader(versionId)),
});

async function readTags(req: S3Request): Promise<readonly Tag[]> {
  const body = await smallBody(req, { required: true, bytesMax: EARLY_BODY_BYTES_MAX });
  return parseTagging(body, OBJECT_TAGS_MAX, "object");
}
