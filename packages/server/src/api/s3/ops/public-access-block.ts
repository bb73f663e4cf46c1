/** Block public access of a bucket (spec access 5.1). Where nobody has said otherwise, all four are on. */
import { fail } from "../../../base/errors.ts";
import type { PublicAccess } from "../../../objects/api.ts";
import { emptyAnswer, xmlAnswer } from "../../common/answer.ts";
import { allow, booleanOf, maybeText, parseXml } from "../../common/xml-read.ts";
import { s3Document, tag } from "../../common/xml-write.ts";
import { smallBody } from "../body.ts";
import { operation, onBucket } from "../operation.ts";

const QUERY = ["publicAccessBlock"];
const ROOT = "PublicAccessBlockConfiguration";
const NAMES = {
  BlockPublicAcls: "blockAcls",
  IgnorePublicAcls: "ignoreAcls",
  BlockPublicPolicy: "blockPolicy",
  RestrictPublicBuckets: "restrictBuckets",
} as const satisfies Record<string, keyof PublicAccess>;

export const GetPublicAccessBlock = operation({
  name: "GetPublicAccessBlock",
  route: { method: "GET", target: "bucket", query: QUERY },
  needs: onBucket("s3:GetBucketPublicAccessBlock"),
  parse: ({ bucket }) =>
    bucket.publicAccess ??
    fail("NoSuchPublicAccessBlockConfiguration", { elements: { BucketName: bucket.name } }),
  handle: (access) => Promise.resolve(access),
  respond: (access) =>
    xmlAnswer(
      200,
      s3Document(
        ROOT,
        Object.entries(NAMES)
          .map(([name, field]) => tag(name, access[field]))
          .join(""),
      ),
    ),
});

export const PutPublicAccessBlock = operation({
  name: "PutPublicAccessBlock",
  route: { method: "PUT", target: "bucket", query: QUERY },
  needs: onBucket("s3:PutBucketPublicAccessBlock"),
  parse: async (req) => publicAccess(await smallBody(req, { required: true })),
  handle: (access, req) => {
    req.audited = { publicAccessBlock: access, previousPublicAccessBlock: req.bucket.publicAccess };
    return req.deps.buckets.putPublicAccess(req.caller, req.bucket, access);
  },
  respond: () => emptyAnswer(200),
});

export const DeletePublicAccessBlock = operation({
  name: "DeletePublicAccessBlock",
  route: { method: "DELETE", target: "bucket", query: QUERY },
  needs: onBucket("s3:PutBucketPublicAccessBlock"),
  parse: () => undefined,
  handle: (none, req) => req.deps.buckets.putPublicAccess(req.caller, req.bucket, none),
  respond: () => emptyAnswer(204),
});

/** What is not named is off. */
function publicAccess(body: Uint8Array): PublicAccess {
  const root = parseXml(body, ROOT);
  allow(root, ...Object.keys(NAMES));
  const on = (name: keyof typeof NAMES): boolean =>
    booleanOf((maybeText(root, name) ?? "false").toLowerCase());
  return {
    blockAcls: on("BlockPublicAcls"),
    ignoreAcls: on("IgnorePublicAcls"),
    blockPolicy: on("BlockPublicPolicy"),
    restrictBuckets: on("RestrictPublicBuckets"),
  };
}
