import { xmlAnswer } from "../../common/answer.ts";
import { escapeXml, s3Document } from "../../common/xml-write.ts";
import { operation, onBucket } from "../operation.ts";

export const GetBucketLocation = operation({
  name: "GetBucketLocation",
  route: { method: "GET", target: "bucket", query: ["location"] },
  needs: onBucket("s3:GetBucketLocation"),
  parse: (req) => req.bucket.region,
  handle: (region) => Promise.resolve(region),
  /** us-east-1 is the region without a name. */
  respond: (region) =>
    xmlAnswer(200, s3Document("LocationConstraint", region === "us-east-1" ? "" : escapeXml(region))),
});
