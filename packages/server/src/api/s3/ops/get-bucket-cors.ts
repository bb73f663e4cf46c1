import { fail } from "../../../base/errors.ts";
import type { CorsRule } from "../../../objects/api.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { s3Document, tag, wrap } from "../../common/xml-write.ts";
import { operation, onBucket } from "../operation.ts";

export const GetBucketCors = operation({
  name: "GetBucketCors",
  route: { method: "GET", target: "bucket", query: ["cors"] },
  needs: onBucket("s3:GetBucketCORS"),
  parse: (req) =>
    req.bucket.cors ?? fail("NoSuchCORSConfiguration", { elements: { BucketName: req.bucket.name } }),
  handle: (rules) => Promise.resolve(rules),
  respond: (rules) => xmlAnswer(200, s3Document("CORSConfiguration", rules.map(ruleXml).join(""))),
});

const each = (name: string, values: readonly string[]): string =>
  values.map((value) => tag(name, value)).join("");

function ruleXml(rule: CorsRule): string {
  return wrap(
    "CORSRule",
    tag("ID", rule.id) +
      each("AllowedOrigin", rule.origins) +
      each("AllowedMethod", rule.methods) +
      each("AllowedHeader", rule.headers) +
      each("ExposeHeader", rule.exposed) +
      tag("MaxAgeSeconds", rule.maxAgeSeconds),
  );
}
