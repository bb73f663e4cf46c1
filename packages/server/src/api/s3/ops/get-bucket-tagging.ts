import { fail } from "../../../base/errors.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { s3Document } from "../../common/xml-write.ts";
import { operation, onBucket } from "../operation.ts";
import { tagSetXml } from "../show/object.ts";

export const GetBucketTagging = operation({
  name: "GetBucketTagging",
  route: { method: "GET", target: "bucket", query: ["tagging"] },
  needs: onBucket("s3:GetBucketTagging"),
  parse: (req) => req.bucket.tags ?? fail("NoSuchTagSet", { elements: { BucketName: req.bucket.name } }),
  handle: (tags) => Promise.resolve(tags),
  respond: (tags) => xmlAnswer(200, s3Document("Tagging", tagSetXml(tags))),
});
