/**
 * Object ownership: ACLs are off for every bucket, and the owner of the bucket owns what is in it. Only that can be put;
 * taking the setting away takes it out of sight and changes nothing else.
 */
import { fail } from "../../../base/errors.ts";
import { emptyAnswer, xmlAnswer } from "../../common/answer.ts";
import { allow, one, parseXml, textOf } from "../../common/xml-read.ts";
import { s3Document, tag, wrap } from "../../common/xml-write.ts";
import { smallBody } from "../body.ts";
import { operation, onBucket } from "../operation.ts";

const QUERY = ["ownershipControls"];
const ENFORCED = "BucketOwnerEnforced";
const DOCUMENT = s3Document("OwnershipControls", wrap("Rule", tag("ObjectOwnership", ENFORCED)));

export const GetBucketOwnershipControls = operation({
  name: "GetBucketOwnershipControls",
  route: { method: "GET", target: "bucket", query: QUERY },
  needs: onBucket("s3:GetBucketOwnershipControls"),
  parse: ({ bucket }) => {
    if (!bucket.ownershipShown)
      fail("OwnershipControlsNotFoundError", { elements: { BucketName: bucket.name } });
  },
  handle: () => Promise.resolve(DOCUMENT),
  respond: (document) => xmlAnswer(200, document),
});

export const PutBucketOwnershipControls = operation({
  name: "PutBucketOwnershipControls",
  route: { method: "PUT", target: "bucket", query: QUERY },
  needs: onBucket("s3:PutBucketOwnershipControls"),
  parse: async (req) => {
    const root = parseXml(await smallBody(req, { required: true }), "OwnershipControls");
    allow(root, "Rule");
    const rule = one(root, "Rule");
    allow(rule, "ObjectOwnership");
    const ownership = textOf(one(rule, "ObjectOwnership"));
    if (ownership === "BucketOwnerPreferred" || ownership === "ObjectWriter")
      fail(
        "NotImplemented",
        `Object ownership ${ownership} is not implemented: ACLs are off for every bucket`,
      );
    if (ownership !== ENFORCED) fail("MalformedXML");
    return true;
  },
  handle: (shown, req) => req.deps.buckets.showOwnership(req.caller, req.bucket, shown),
  respond: () => emptyAnswer(200),
});

export const DeleteBucketOwnershipControls = operation({
  name: "DeleteBucketOwnershipControls",
  route: { method: "DELETE", target: "bucket", query: QUERY },
  needs: onBucket("s3:PutBucketOwnershipControls"),
  parse: () => false,
  handle: (shown, req) => req.deps.buckets.showOwnership(req.caller, req.bucket, shown),
  respond: () => emptyAnswer(204),
});
