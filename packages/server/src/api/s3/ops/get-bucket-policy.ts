import { fail } from "../../../base/errors.ts";
import { operation, onBucket } from "../operation.ts";
import { ownersOnly } from "./put-bucket-policy.ts";

export const GetBucketPolicy = operation({
  name: "GetBucketPolicy",
  route: { method: "GET", target: "bucket", query: ["policy"] },
  needs: onBucket("s3:GetBucketPolicy"),
  parse: (req) => {
    ownersOnly(req);
    return req.bucket.policy ?? fail("NoSuchBucketPolicy", { elements: { BucketName: req.bucket.name } });
  },
  handle: async ({ text, bindings }, { deps, bucket }) =>
    bindings === undefined ? text : (deps.principals?.present(text, bindings, bucket.name) ?? text),
  respond: (text) => ({ status: 200, headers: ["Content-Type", "application/json"], body: text }),
});
