import { fail } from "../../../base/errors.ts";
import { parsePolicy } from "../../../policy/index.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { s3Document, tag } from "../../common/xml-write.ts";
import { operation, onBucket } from "../operation.ts";

/** By the same rule as BlockPublicPolicy (spec access 5.1). A policy that can't be read any more lets nobody in. */
export const GetBucketPolicyStatus = operation({
  name: "GetBucketPolicyStatus",
  route: { method: "GET", target: "bucket", query: ["policyStatus"] },
  needs: onBucket("s3:GetBucketPolicyStatus"),
  parse: ({ bucket }) =>
    bucket.policy ?? fail("NoSuchBucketPolicy", { elements: { BucketName: bucket.name } }),
  handle: ({ text }, { bucket }) => {
    const parsed = parsePolicy(text, "bucket", { bucket: bucket.name });
    return Promise.resolve(parsed.ok && parsed.policy.isPublic);
  },
  // S3 writes this one flag in capitals.
  respond: (isPublic) =>
    xmlAnswer(200, s3Document("PolicyStatus", tag("IsPublic", isPublic ? "TRUE" : "FALSE"))),
});
