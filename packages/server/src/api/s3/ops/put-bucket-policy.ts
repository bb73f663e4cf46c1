import { accountOf } from "../../../base/caller.ts";
import { fail } from "../../../base/errors.ts";
import { POLICY_BYTES_MAX } from "../../../base/limits.ts";
import { parsePolicy } from "../../../policy/index.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { smallBody } from "../body.ts";
import { operation, onBucket } from "../operation.ts";
import type { S3Request } from "../request.ts";

export const PutBucketPolicy = operation({
  name: "PutBucketPolicy",
  route: { method: "PUT", target: "bucket", query: ["policy"] },
  needs: onBucket("s3:PutBucketPolicy"),
  parse: async (req) => {
    ownersOnly(req);
    const body = await smallBody(req, { required: false });
    if (body.length === 0) fail("MissingRequestBodyError");
    if (body.length > POLICY_BYTES_MAX)
      fail("MalformedPolicy", "Policy exceeds the maximum allowed document size.");
    const text = policyText(body);
    const parsed = parsePolicy(text, "bucket", { bucket: req.bucket.name });
    if (!parsed.ok) fail("MalformedPolicy", parsed.failure.message);
    return text;
  },
  handle: (text, req) => req.deps.buckets.putPolicy(req.caller, req.bucket, text),
  respond: () => emptyAnswer(204),
});

function policyText(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (cause) {
    return fail("MalformedPolicy", { message: "This policy contains invalid Json", cause });
  }
}

/** Other accounts may never touch the policy, even if it lets them (spec access 5). */
export function ownersOnly(req: S3Request): void {
  if (accountOf(req.caller.principal) !== req.bucket.owner) {
    fail("MethodNotAllowed", { elements: { Method: req.exchange.raw.method, ResourceType: "BUCKETPOLICY" } });
  }
}
